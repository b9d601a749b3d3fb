"""Reads of units and bodies at a date."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from registry.queries.access import stands_on
from registry.tables import Organisation, OrganisationSuccession, Unit, UnitSuccession
from servicekit.errors import NotFound
from servicekit.pages import Window
from servicekit.vietnamese import contains


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """Which units to list; None means any."""

    on: date
    code: str | None = None
    level: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class OrganisationFilter:
    """Which bodies to list; None means any. `unit_code` is the code on the same day."""

    on: date
    kind: str | None = None
    level: str | None = None
    unit_id: UUID | None = None
    unit_code: str | None = None
    q: str | None = None


@dataclass(slots=True)
class Body:
    """A body with its unit's code and name, and what became of it."""

    organisation: Organisation
    became: list[tuple[OrganisationSuccession, Organisation]] = field(default_factory=list)


async def unit(session: AsyncSession, unit_id: UUID) -> Unit:
    """Return a unit. Raises NotFound."""
    found = await session.get(Unit, unit_id)
    if found is None:
        raise NotFound
    return found


async def units(session: AsyncSession, window: Window, wanted: UnitFilter) -> Sequence[Unit]:
    """Return a page of units standing on a day, in Vietnamese order of their names (one statement)."""
    statement = select(Unit).where(stands_on(Unit, wanted.on))
    if wanted.code is not None:
        statement = statement.where(Unit.code == wanted.code)
    if wanted.level is not None:
        statement = statement.where(Unit.level == wanted.level)
    if wanted.q is not None:
        statement = statement.where(contains(Unit.plain_name, wanted.q))
    return (await session.scalars(window.select(statement, [Unit.sort_key, Unit.id]))).all()


async def bearer_of(session: AsyncSession, code: str, on: date) -> tuple[Unit, list[tuple[UnitSuccession, Unit]]]:
    """Return the unit that bore the code on a day, and what became of it (one statement). Raises NotFound."""
    heir = aliased(Unit)
    found = (
        await session.execute(
            select(Unit, UnitSuccession, heir)
            .outerjoin(UnitSuccession, UnitSuccession.predecessor_id == Unit.id)
            .outerjoin(heir, heir.id == UnitSuccession.successor_id)
            .where(Unit.code == code, stands_on(Unit, on))
            .order_by(heir.sort_key)
        )
    ).all()
    if not found:
        raise NotFound
    return found[0][0], [(row[1], row[2]) for row in found if row[1] is not None]


async def bodies_at(session: AsyncSession, unit_id: UUID, on: date) -> list[Body]:
    """Return the bodies standing at a unit on a day, each with what became of it (one statement)."""
    heir = aliased(Organisation)
    found = await session.execute(
        select(Organisation, OrganisationSuccession, heir)
        .outerjoin(OrganisationSuccession, OrganisationSuccession.predecessor_id == Organisation.id)
        .outerjoin(heir, heir.id == OrganisationSuccession.successor_id)
        .where(
            Organisation.unit_id == unit_id,
            stands_on(Organisation, on),
        )
        .order_by(Organisation.sort_key, Organisation.id, heir.sort_key)
    )
    bodies: dict[UUID, Body] = {}
    for organisation, succession, successor in found:
        body = bodies.setdefault(organisation.id, Body(organisation))
        if succession is not None:
            body.became.append((succession, successor))
    return list(bodies.values())


async def organisation(session: AsyncSession, organisation_id: UUID) -> Any:
    """Return the row (Organisation, unit_code, unit_name). Raises NotFound."""
    found = (
        await session.execute(
            select(Organisation, Unit.code.label("unit_code"), Unit.name.label("unit_name"))
            .join(Unit, Unit.id == Organisation.unit_id)
            .where(Organisation.id == organisation_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


async def organisations(session: AsyncSession, window: Window, wanted: OrganisationFilter) -> Sequence[Any]:
    """Return a page of rows (Organisation, unit_code, unit_name) standing on a day, in Vietnamese order."""
    statement = (
        select(Organisation, Unit.code.label("unit_code"), Unit.name.label("unit_name"))
        .join(Unit, Unit.id == Organisation.unit_id)
        .where(stands_on(Organisation, wanted.on))
    )
    if wanted.kind is not None:
        statement = statement.where(Organisation.kind == wanted.kind)
    if wanted.level is not None:
        statement = statement.where(Organisation.level == wanted.level)
    if wanted.unit_id is not None:
        statement = statement.where(Organisation.unit_id == wanted.unit_id)
    if wanted.unit_code is not None:
        statement = statement.where(Unit.code == wanted.unit_code)
    if wanted.q is not None:
        statement = statement.where(contains(Organisation.plain_name, wanted.q))
    return (await session.execute(window.select(statement, [Organisation.sort_key, Organisation.id]))).all()
