"""What a unit or body became and what it came from, over any number of steps, in one statement each way."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import Organisation, OrganisationSuccession, Unit, UnitSuccession

FARTHEST: Final = 20
"""Steps after which the walk stops, so that a circle entered by mistake cannot run for ever."""


async def units_after(session: AsyncSession, unit: UUID) -> Sequence[Any]:
    """Return rows (unit_succession, unit, steps) of what a unit became."""
    return await _rows(session, _walk(UnitSuccession, Unit, unit, forward=True))


async def units_before(session: AsyncSession, unit: UUID) -> Sequence[Any]:
    """Return rows (unit_succession, unit, steps) of what a unit came from."""
    return await _rows(session, _walk(UnitSuccession, Unit, unit, forward=False))


async def organisations_after(session: AsyncSession, body: UUID) -> Sequence[Any]:
    """Return rows (organisation_succession, organisation, steps) of what a body became."""
    return await _rows(session, _walk(OrganisationSuccession, Organisation, body, forward=True))


async def organisations_before(session: AsyncSession, body: UUID) -> Sequence[Any]:
    """Return rows (organisation_succession, organisation, steps) of what a body came from."""
    return await _rows(session, _walk(OrganisationSuccession, Organisation, body, forward=False))


async def _rows(session: AsyncSession, statement: Select[Any]) -> Sequence[Any]:
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return rows


def _walk(succession: Any, thing: Any, start: UUID, *, forward: bool) -> Select[Any]:
    here, there = (
        (succession.predecessor_id, succession.successor_id)
        if forward
        else (succession.successor_id, succession.predecessor_id)
    )
    first = select(here.label("left"), there.label("reached"), literal(1).label("steps")).where(here == start)
    walk = first.cte("walk", recursive=True)
    walk = walk.union(
        select(here, there, walk.c.steps + 1).join(walk, here == walk.c.reached).where(walk.c.steps < FARTHEST)
    )
    return (
        select(succession, thing, walk.c.steps)
        .select_from(walk)
        .join(succession, (here == walk.c.left) & (there == walk.c.reached))
        .join(thing, thing.id == walk.c.reached)
        .order_by(walk.c.steps, thing.sort_key, thing.id)
    )
