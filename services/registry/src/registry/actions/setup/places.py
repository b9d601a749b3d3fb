"""Which body a set-up file means: by kind and unit, departments by their name as well."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.errors import UnknownOrganisation
from registry.queries.access import stands_on
from registry.tables import Organisation, Unit


@dataclass(frozen=True, slots=True)
class Place:
    """A body as people name it: what it is, at which unit's code of today; a department by its name too."""

    kind: str
    unit_code: str
    name: str | None = None

    def __str__(self) -> str:
        """Return the short text of the shown difference."""
        return f"{self.kind}@{self.unit_code}" + (f" ({self.name})" if self.name else "")


class Places:
    """The bodies a file names, found with one statement before anything is changed."""

    def __init__(self, found: dict[Place, UUID]) -> None:
        self._found = found
        self._named = {place_id: place for place, place_id in found.items()}

    @classmethod
    async def find(cls, session: AsyncSession, wanted: Iterable[Place], day: date) -> "Places":
        """Look up every place that stands on a day; a department needs its name, anything else must not have one."""
        places = set(wanted)
        rows = await session.execute(
            select(Organisation.kind, Unit.code, Organisation.name, Organisation.id)
            .join(Unit, Unit.id == Organisation.unit_id)
            .where(
                tuple_(Organisation.kind, Unit.code).in_([(place.kind, place.unit_code) for place in places]),
                stands_on(Organisation, day),
                stands_on(Unit, day),
            )
        )
        found: dict[Place, UUID] = {}
        for kind, code, name, organisation in rows:
            place = Place(kind, code, name if kind == "department" else None)
            if place in places:
                found[place] = organisation
        return cls(found)

    def id_of(self, place: Place, field: str) -> UUID:
        """Return the body's id. Raises UnknownOrganisation naming the field of the file."""
        try:
            return self._found[place]
        except KeyError:
            raise UnknownOrganisation(errors=[{"field": field, "code": UnknownOrganisation.code}]) from None

    def holds(self, place: Place) -> bool:
        """Tell whether the body stands."""
        return place in self._found

    def add(self, place: Place, organisation: UUID) -> None:
        """Note a body that was made just now."""
        self._found[place] = organisation
        self._named[organisation] = place

    def text(self, organisation: UUID) -> str:
        """Return how the file names a body, or its id when the file does not."""
        place = self._named.get(organisation)
        return str(place) if place else str(organisation)
