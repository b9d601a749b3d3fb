"""Reads of indicators, their targets, and the sums of what was reported or computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.pages import Window
from targets.domain.figures import Figures
from targets.domain.judging import Coverage, Target
from targets.domain.periods import Period
from targets.tables import indicator, target_version


async def list_indicators(session: AsyncSession, window: Window) -> Sequence[Row[Any]]:
    """Return one page of indicators by code."""
    return (await session.execute(window.select(select(indicator), [indicator.c.code]))).all()


async def find_indicator(session: AsyncSession, code: str) -> Row[Any]:
    """Return an indicator by its code. Raises NotFound."""
    row = (await session.execute(select(indicator).where(indicator.c.code == code))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def find_targets(session: AsyncSession, indicator_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Return every target version of these indicators, oldest first."""
    statement = (
        select(target_version).where(target_version.c.indicator_id.in_(indicator_ids)).order_by(target_version.c.number)
    )
    found: dict[UUID, list[Row[Any]]] = {}
    for row in (await session.execute(statement)).all():
        found.setdefault(row.indicator_id, []).append(row)
    return found


def target_on(versions: Sequence[Row[Any]], day: date) -> Row[Any] | None:
    """Return the version valid on a day."""
    for row in versions:
        if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to):
            return row
    return None


def ended_before(versions: Sequence[Row[Any]], day: date) -> bool:
    """Say whether some version ended before a day."""
    return any(row.valid_to is not None and row.valid_to < day for row in versions)


def as_target(row: Row[Any] | None) -> Target | None:
    """Return the rule's view of a target version."""
    if row is None:
        return None
    return Target(row.comparator, row.value, row.valid_from, row.valid_to, row.minimum_coverage)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over an indicator and period, and what they stand for."""

    figures: Figures | None
    coverage: Coverage
    by_status: Mapping[str, int]
    counting_methods: tuple[str, ...]
    period_status: str
    """open, closed, not_opened, or computed."""


# Sums are made of numerators and denominators of approved reports only, of the caller's and of others': the function
# reads past the row-level security and tells the sums alone.
_REPORTED = text("SELECT * FROM reported_totals(:indicator, :period, CAST(:organisation AS uuid))")


async def reported_totals(
    session: AsyncSession, indicator_id: UUID, period: Period, organisation_id: UUID | None
) -> Totals:
    """Return the sums of approved reports, of the whole or below one organisation (one statement)."""
    row = (
        await session.execute(
            _REPORTED, {"indicator": indicator_id, "period": period.code, "organisation": organisation_id}
        )
    ).one()
    figures = None
    if row.numerator is not None:
        breakdown = {name: Decimal(value) for name, value in sorted((row.breakdown or {}).items())}
        figures = Figures(row.numerator, row.denominator, breakdown)
    return Totals(
        figures=figures,
        coverage=Coverage(row.approved, row.expected),
        by_status=row.by_status or {},
        counting_methods=tuple(row.methods or ()),
        period_status=row.period_status or "not_opened",
    )


# Without an organisation: the roots of the tree, each of which holds the sum of what is below it.
_COMPUTED = text(
    """
    SELECT sum(v.numerator) AS numerator, sum(v.denominator) AS denominator, sum(v.running) AS running
      FROM computed_value v
     WHERE v.indicator_id = :indicator AND v.period = :period
       AND CASE WHEN CAST(:organisation AS uuid) IS NULL
                THEN EXISTS (SELECT 1 FROM reference o WHERE o.kind = 'organisation'
                              AND o.id = v.organisation_id AND cardinality(o.path) = 1)
                ELSE v.organisation_id = CAST(:organisation AS uuid) END
    """
)


async def computed_totals(
    session: AsyncSession, indicator_id: UUID, period: Period, organisation_id: UUID | None
) -> Totals:
    """Return the computed figures of the whole or of one organisation (one statement)."""
    row = (
        await session.execute(
            _COMPUTED, {"indicator": indicator_id, "period": period.code, "organisation": organisation_id}
        )
    ).one()
    counted, running = int(row.denominator or 0), int(row.running or 0)
    return Totals(
        figures=Figures(row.numerator, row.denominator) if counted else None,
        coverage=Coverage(counted, counted + running),
        by_status={"answered_or_overdue": counted, "running": running},
        counting_methods=(),
        period_status="computed",
    )
