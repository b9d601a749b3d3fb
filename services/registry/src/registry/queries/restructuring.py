"""What a restructuring can reach: the units and bodies it names, what stands below them, and what they stand under."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.restructuring import Change, Row
from registry.queries.access import stands_on
from registry.tables import Organisation, Unit


@dataclass(slots=True)
class Reach:
    """Rows of both tables by id, and the same as the domain knows them."""

    units: dict[UUID, Unit] = field(default_factory=dict)
    organisations: dict[UUID, Organisation] = field(default_factory=dict)

    def rows(self) -> dict[UUID, Row]:
        """Return everything as rows of the domain."""
        return {own: _row(thing) for own, thing in (self.units | self.organisations).items()}


async def reach(session: AsyncSession, changes: Iterable[Change], on: date) -> Reach:
    """Return everything the changes can touch (four statements, five when a unit is named only by its bodies)."""
    ending: set[UUID] = set()
    named: set[UUID] = set()
    for change in changes:
        ending |= set(change.ending)
        for heir in change.heirs:
            refs = (heir,) if isinstance(heir, UUID) else (heir.parent, heir.unit)
            named |= {ref for ref in refs if isinstance(ref, UUID)}
    found = Reach()
    await _add(session, found.units, Unit, _named_or_below(Unit, named | ending, ending, on))
    at_units = (Organisation.unit_id.in_(list(found.units))) & _lasts(Organisation, on)
    await _add(
        session,
        found.organisations,
        Organisation,
        or_(_named_or_below(Organisation, named | ending, ending, on), at_units),
    )
    above = {row.parent_id for row in found.organisations.values()} - found.organisations.keys()
    await _add(session, found.organisations, Organisation, Organisation.id.in_(above - {None}))
    places = {row.unit_id for row in found.organisations.values()} | {row.parent_id for row in found.units.values()}
    await _add(session, found.units, Unit, Unit.id.in_(places - {None} - found.units.keys()))
    return found


async def committees_at(session: AsyncSession, units: Collection[UUID], on: date) -> dict[UUID, list[UUID]]:
    """Return the paths of the people's committees that stand at units the day before, by unit (one statement)."""
    found = await session.execute(
        select(Organisation.unit_id, Organisation.path).where(
            Organisation.kind == "peoples_committee",
            Organisation.unit_id.in_(units),
            stands_on(Organisation, on - timedelta(days=1)),
        )
    )
    return {row.unit_id: row.path for row in found}


async def _add(session: AsyncSession, into: dict[UUID, Any], table: Any, condition: ColumnElement[bool]) -> None:
    into |= {row.id: row for row in await session.scalars(select(table).where(condition))}


def _named_or_below(table: Any, named: Collection[UUID], ending: Collection[UUID], on: date) -> ColumnElement[bool]:
    below: ColumnElement[bool] = table.path.bool_op("&&")(list(ending))
    return or_(table.id.in_(named), below & _lasts(table, on))


def _lasts(table: Any, on: date) -> ColumnElement[bool]:
    return or_(table.valid_to.is_(None), table.valid_to >= on)


def _row(thing: Unit | Organisation) -> Row:
    own: dict[str, Any] = (
        {"thing": "unit", "code": thing.code}
        if isinstance(thing, Unit)
        else {"thing": "organisation", "kind": thing.kind, "unit_id": thing.unit_id}
    )
    return Row(
        id=thing.id,
        name=thing.name,
        level=thing.level,
        parent_id=thing.parent_id,
        path=tuple(thing.path),
        valid_from=thing.valid_from,
        valid_to=thing.valid_to,
        **own,
    )
