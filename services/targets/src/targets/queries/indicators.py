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


# How many reports stand where is told of the caller's and of others': the function reads past the row-level security.
_TOTALS = text(
    """
    SELECT f.*, p.status AS period_status, count_reports(p.id, CAST(:organisation AS uuid)) AS by_status
      FROM (VALUES (1)) AS one
      LEFT JOIN reporting_period p ON p.indicator_id = :indicator AND p.code = :period
      LEFT JOIN roll_up f ON f.indicator_id = :indicator AND f.period = :period
       AND f.organisation_id IS NOT DISTINCT FROM CAST(:organisation AS uuid)
    """
)


async def totals(session: AsyncSession, indicator: Row[Any], period: Period, organisation_id: UUID | None) -> Totals:
    """Return the figures of the whole, or of what lies at or below one organisation (one statement)."""
    row = (
        await session.execute(
            _TOTALS, {"indicator": indicator.id, "period": period.code, "organisation": organisation_id}
        )
    ).one()
    coverage = Coverage(row.counted or 0, row.expected or 0)
    figures = None
    if coverage.counted:
        breakdown = {name: Decimal(value) for name, value in sorted(row.breakdown.items())}
        figures = Figures(row.numerator, row.denominator, breakdown)
    if indicator.source == "reports":
        by_status, status = row.by_status or {}, row.period_status or "not_opened"
    else:
        by_status = {"answered_or_overdue": coverage.counted, "running": coverage.expected - coverage.counted}
        status = "computed"
    return Totals(figures, coverage, by_status, tuple(row.methods or ()), status)
