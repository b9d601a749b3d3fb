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
from targets.domain.periods import Period
from targets.domain.progress import looks_back_to, stands_for_all
from targets.domain.target_versions import Judged
from targets.domain.time_aggregation import Held
from targets.queries.event_items import told_by_nobody
from targets.queries.formulas import held
from targets.tables import indicator, indicator_change, roll_up, target_version


async def list_indicators(
    session: AsyncSession, window: Window, *, resolution_id: UUID | None = None, section: str | None = None
) -> Sequence[Row[Any]]:
    """Return one page of indicators by code."""
    statement = select(indicator)
    if resolution_id is not None:
        statement = statement.where(indicator.c.resolution_id == resolution_id)
    if section is not None:
        statement = statement.where(indicator.c.section == section)
    return (await session.execute(window.select(statement, [indicator.c.code]))).all()


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


async def find_judged(session: AsyncSession, indicator_id: UUID, since: date, *, before: date) -> Judged | None:
    """Return the latest period with figures that ended on or after a day and before another."""
    statement = (
        select(roll_up.c.period, roll_up.c.last_day)
        .where(
            roll_up.c.indicator_id == indicator_id,
            roll_up.c.organisation_id.is_(None),
            roll_up.c.counted > 0,
            roll_up.c.last_day >= since,
            roll_up.c.last_day < before,
        )
        .order_by(roll_up.c.last_day.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Judged(row.period, row.last_day)


async def list_changes(session: AsyncSession, indicator_id: UUID, window: Window) -> Sequence[Row[Any]]:
    """Return one page of an indicator's history, oldest first."""
    statement = select(indicator_change).where(indicator_change.c.indicator_id == indicator_id)
    return (await session.execute(window.select(statement, [indicator_change.c.version]))).all()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an indicator and a place up to the end of a period."""

    known: Mapping[str, Held]
    """By period code."""
    period_status: str
    """open, closed, not_opened, or computed."""
    by_status: Mapping[str, int]
    is_whole: bool
    """The place stands at the top, and everything that is expected lies at or below it."""
    allocated: Decimal | None
    allocation_version: int | None
    disputed: int
    """How many values stand in it whose owner still owes reasons."""
    told: bool
    """False while no service tells the events it is made of, and there is nothing to show."""


# How many reports stand where is told of the caller's and of others': the function reads past the row-level security.
# Two texts, because no index is asked by "is not distinct from".
_STANDING = """
    WITH here AS MATERIALIZED (
      SELECT p.status AS period_status, count_reports(p.id, CAST(:organisation AS uuid)) AS by_status,
             (SELECT cardinality(o.path) FROM reference o WHERE o.kind = 'organisation'
                 AND o.id = CAST(:organisation AS uuid)) AS depth,
             a.version AS allocation_version, t.value AS allocated,
             disputed_values(:indicator, :first_day, :last_day, CAST(:organisation AS uuid)) AS disputed
        FROM (VALUES (1)) AS one
        LEFT JOIN reporting_period p ON p.indicator_id = :indicator AND p.code = :period
        LEFT JOIN LATERAL (SELECT max(version) AS version FROM allocation WHERE target_version_id = :target) a ON true
        LEFT JOIN allocated_target t ON t.target_version_id = :target AND t.version = a.version
         AND t.organisation_id = CAST(:organisation AS uuid)
    )
    SELECT here.*, f.period, f.numerator, f.denominator, f.breakdown, f.methods, f.counted, f.expected,
           f.population_counted, f.population_expected, f.told, f.computed_at,
           w.expected AS whole_expected
      FROM here
      LEFT JOIN roll_up f ON f.indicator_id = :indicator AND f.organisation_id {place}
       AND f.last_day BETWEEN :since AND :last_day
      LEFT JOIN roll_up w ON here.depth = 1 AND w.indicator_id = :indicator AND w.period = f.period
       AND w.organisation_id IS NULL
     ORDER BY f.last_day, f.period
"""
_OF_THE_WHOLE = text(_STANDING.format(place="IS NULL"))
_OF_ONE = text(_STANDING.format(place="= CAST(:organisation AS uuid)"))


async def find_standing(
    session: AsyncSession,
    indicator: Row[Any],
    target: Row[Any] | None,
    period: Period,
    organisation_id: UUID | None,
) -> Standing:
    """Return the figures of the whole, or of what lies at or below one organisation (one statement)."""
    rows = (
        await session.execute(
            _OF_THE_WHOLE if organisation_id is None else _OF_ONE,
            {
                "indicator": indicator.id,
                "period": period.code,
                "organisation": organisation_id,
                "target": None if target is None else target.id,
                "since": looks_back_to(period),
                "first_day": period.first_day,
                "last_day": period.last_day,
            },
        )
    ).all()
    first = rows[0]
    known = {row.period: held(row) for row in rows if row.period is not None}
    own = known.get(period.code)
    whole = {row.period: row.whole_expected for row in rows}
    reported = indicator.source == "reports"
    running: dict[str, int] = {}
    if own is not None and indicator.source in ("feedback_events", "oversight_events"):
        coverage = own.coverage
        running = {"settled": coverage.counted, "running": coverage.expected - coverage.counted}
    return Standing(
        told=own is not None or not told_by_nobody(indicator.code),
        known=known,
        period_status=(first.period_status or "not_opened") if reported else "computed",
        by_status=(first.by_status or {}) if reported else running,
        is_whole=organisation_id is None
        or stands_for_all(first.depth, known, whole, period, indicator.time_aggregation),
        allocated=first.allocated,
        allocation_version=first.allocation_version if first.allocated is not None else None,
        disputed=first.disputed,
    )
