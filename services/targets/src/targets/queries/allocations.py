"""Reads of what was handed down to units, and of what each unit weighs."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from servicekit.errors import NotFound
from servicekit.pages import Window
from targets.domain.allocating import Unit
from targets.queries.scope import STOOD_ON
from targets.tables import allocated_target, allocation, indicator, target_version

_UNITS = text(
    f"""
    SELECT organisation.id, organisation.data ->> 'name' AS name,
           {STOOD_ON} AS valid,
           organisation.data ->> 'kind' = ANY (i.reporter_kinds)
             AND organisation.data ->> 'level' = i.reporter_level AS reports,
           (SELECT c.persons FROM population c
             WHERE c.unit_id = CAST(organisation.data ->> 'unit_id' AS uuid) AND c.counted_on <= CAST(:day AS date)
             ORDER BY c.counted_on DESC LIMIT 1) AS population,
           (SELECT f.denominator FROM roll_up f
             WHERE f.indicator_id = i.id AND f.organisation_id = organisation.id AND f.counted > 0
               AND f.last_day <= CAST(:day AS date)
             ORDER BY f.last_day DESC LIMIT 1) AS denominator
      FROM indicator i JOIN reference organisation ON organisation.kind = 'organisation'
     WHERE i.id = :indicator
       AND (organisation.id = ANY (:asked)
            OR (organisation.data ->> 'kind' = ANY (i.reporter_kinds)
                AND organisation.data ->> 'level' = i.reporter_level AND {STOOD_ON}))
     ORDER BY organisation.id
    """  # noqa: S608 (no input is in it)
).bindparams(bindparam("asked", type_=ARRAY(Uuid())))


async def find_target_version(session: AsyncSession, code: str, number: int) -> Row[Any]:
    """Return a target version with its indicator and the newest version of its allocation. Raises NotFound."""
    newest = select(func.coalesce(func.max(allocation.c.version), 0)).where(
        allocation.c.target_version_id == target_version.c.id
    )
    statement = (
        select(
            target_version,
            indicator.c.code,
            indicator.c.kind,
            indicator.c.whole_numbers,
            newest.scalar_subquery().label("allocated_version"),
        )
        .join(indicator, indicator.c.id == target_version.c.indicator_id)
        .where(indicator.c.code == code, target_version.c.number == number)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def find_units(session: AsyncSession, indicator_id: UUID, day: date, asked: Sequence[UUID]) -> dict[UUID, Unit]:
    """Return every unit that reports the indicator on a day, and those asked for (one statement)."""
    given = {"indicator": indicator_id, "day": day.isoformat(), "asked": list(asked)}
    rows = (await session.execute(_UNITS, given)).all()
    return {row.id: Unit(row.id, row.name, row.valid, row.reports, row.population, row.denominator) for row in rows}


async def find_allocation(session: AsyncSession, target_version_id: UUID, version: int) -> list[Row[Any]]:
    """Return the parts of one version of an allocation, each with its head (one statement)."""
    statement = (
        select(
            allocation.c.method,
            allocation.c.decision,
            allocation.c.decided_on,
            allocation.c.set_at,
            allocated_target.c.organisation_id,
            allocated_target.c.value,
        )
        .select_from(
            allocation.outerjoin(
                allocated_target,
                (allocated_target.c.target_version_id == allocation.c.target_version_id)
                & (allocated_target.c.version == allocation.c.version),
            )
        )
        .where(allocation.c.target_version_id == target_version_id, allocation.c.version == version)
        .order_by(allocated_target.c.organisation_id)
    )
    rows: list[Any] = list((await session.execute(statement)).all())
    return rows


async def list_allocations(session: AsyncSession, target_version_id: UUID, window: Window) -> Sequence[Row[Any]]:
    """Return one page of the versions of an allocation, oldest first, with how many units each gave a part."""
    parts = select(func.count()).where(
        allocated_target.c.target_version_id == allocation.c.target_version_id,
        allocated_target.c.version == allocation.c.version,
    )
    statement = select(
        allocation.c.version,
        allocation.c.method,
        allocation.c.decision,
        allocation.c.decided_on,
        allocation.c.set_at,
        parts.scalar_subquery().label("units"),
    ).where(allocation.c.target_version_id == target_version_id)
    rows: Sequence[Any] = (await session.execute(window.select(statement, [allocation.c.version]))).all()
    return rows
