"""Reads of the population of units, and of the periods it counts in."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.pages import Window
from targets.tables import population

# The latest count at or before a period's last day is the one that counts there.
_TOUCHED = text(
    """
    SELECT DISTINCT p.id AS period_id, e.organisation_id
      FROM reference o
      JOIN expected_report e ON e.organisation_id = o.id
      JOIN reporting_period p ON p.id = e.period_id
     WHERE o.kind = 'organisation' AND o.data ->> 'unit_id' = CAST(CAST(:unit AS uuid) AS text)
       AND p.last_day >= :counted_on
       AND NOT EXISTS (SELECT FROM population later WHERE later.unit_id = :unit
                          AND later.counted_on > :counted_on AND later.counted_on <= p.last_day)
    """
)
_UNIT = text(
    "SELECT EXISTS (SELECT FROM reference o WHERE o.kind = 'organisation'"
    " AND o.data ->> 'unit_id' = CAST(CAST(:unit AS uuid) AS text))"
)


async def is_unit(session: AsyncSession, unit_id: UUID) -> bool:
    """Say whether any organisation known here is of this unit."""
    return bool(await session.scalar(_UNIT, {"unit": unit_id}))


async def find_count(session: AsyncSession, unit_id: UUID, counted_on: date) -> Row[Any] | None:
    """Return the population of a unit as counted on a day, held for a change."""
    statement = select(population).where(population.c.unit_id == unit_id, population.c.counted_on == counted_on)
    return (await session.execute(statement.with_for_update())).one_or_none()


async def touched_by(session: AsyncSession, unit_id: UUID, counted_on: date) -> tuple[list[UUID], list[UUID]]:
    """Return the reporting periods in which this count of this unit stands, and the unit's organisations in them."""
    rows = (await session.execute(_TOUCHED, {"unit": unit_id, "counted_on": counted_on})).all()
    return sorted({row.period_id for row in rows}), sorted({row.organisation_id for row in rows})


async def list_counts(session: AsyncSession, window: Window, *, unit_id: UUID | None) -> Sequence[Row[Any]]:
    """Return one page of what was entered, by unit and day."""
    statement = select(population)
    if unit_id is not None:
        statement = statement.where(population.c.unit_id == unit_id)
    return (await session.execute(window.select(statement, [population.c.unit_id, population.c.counted_on]))).all()
