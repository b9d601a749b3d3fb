"""Who took over from a unit or a body and with which share, and what was said of that before."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from registry.queries.history import SUCCESSIONS, UNITS, Thing
from registry.tables import EarlierWord, Organisation, OrganisationSuccession, UnitSuccession
from servicekit.errors import NotFound


async def successors(session: AsyncSession, thing: Thing, predecessor: UUID) -> Sequence[Any]:
    """Return rows (succession, successor) of what directly took over (two statements). Raises NotFound."""
    if await session.get(thing, predecessor) is None:
        raise NotFound
    succession = SUCCESSIONS[thing]
    statement = (
        select(succession, thing)
        .join(thing, thing.id == succession.successor_id)
        .where(succession.predecessor_id == predecessor)
        .order_by(thing.sort_key, thing.id)
    )
    return (await session.execute(statement)).all()


async def earlier_shares(session: AsyncSession, thing: Thing, predecessor: UUID) -> Sequence[EarlierWord]:
    """Return what was said before of the shares of a unit or a body, oldest first (two statements). Raises NotFound."""
    if await session.get(thing, predecessor) is None:
        raise NotFound
    succession = SUCCESSIONS[thing]
    own = select(succession.id).where(succession.predecessor_id == predecessor)
    statement = (
        select(EarlierWord)
        .where(EarlierWord.subject_id.in_(own))
        .order_by(EarlierWord.replaced_at, EarlierWord.subject_id)
    )
    return (await session.scalars(statement)).all()


async def split_bodies(session: AsyncSession, thing: Thing, predecessor: UUID) -> Sequence[Any]:
    """Return rows (succession, ratio, ratio_source) of the bodies of a unit, or of one body, of which parts went over.

    The last two are what is known of the units the two bodies stood at. The successions are locked (one statement).
    """
    before, after = aliased(Organisation), aliased(Organisation)
    named = before.unit_id if thing is UNITS else before.id
    statement = (
        select(OrganisationSuccession, UnitSuccession.ratio, UnitSuccession.ratio_source)
        .join(before, before.id == OrganisationSuccession.predecessor_id)
        .join(after, after.id == OrganisationSuccession.successor_id)
        .outerjoin(
            UnitSuccession,
            (UnitSuccession.predecessor_id == before.unit_id) & (UnitSuccession.successor_id == after.unit_id),
        )
        .where(named == predecessor, OrganisationSuccession.kind == "SPLIT")
        .order_by(OrganisationSuccession.id)
        .with_for_update(of=OrganisationSuccession)
    )
    return (await session.execute(statement)).all()
