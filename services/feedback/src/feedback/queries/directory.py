"""Units and organisations from the registry's copy in memory: who receives what, and how a body is called."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from servicekit.reference import ReferenceBook


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation as it stands in the registry; `valid_to` is its last day."""

    id: UUID
    kind: str
    name: str
    level: str
    unit_id: UUID
    unit_code: str
    valid_from: date
    valid_to: date | None

    def stands_on(self, day: date) -> bool:
        """Say whether it exists on the day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Directory:
    """Organisations by id and Front committees by commune, derived anew when the registry tells of a change."""

    def __init__(self, book: ReferenceBook) -> None:
        self._book = book
        self._revision = -1
        self._bodies: dict[UUID, Body] = {}
        self._front_by_unit: dict[UUID, list[Body]] = {}
        self._front_by_code: dict[str, list[Body]] = {}

    def front_committee(self, on: date, *, unit_id: UUID | None, unit_code: str | None) -> Body | None:
        """Return the commune's Front committee on a day, found by the unit's id or the code it bears that day."""
        self._follow()
        by_id = self._front_by_unit.get(unit_id, []) if unit_id else []
        by_code = self._front_by_code.get(unit_code, []) if unit_code else []
        standing = [body for body in by_id or by_code if body.stands_on(on)]
        if unit_id and unit_code:
            standing = [body for body in standing if body.unit_code == unit_code]
        return standing[0] if standing else None

    def body(self, organisation_id: UUID) -> Body | None:
        """Return an organisation, past ones too."""
        self._follow()
        return self._bodies.get(organisation_id)

    def name(self, organisation_id: UUID) -> str:
        """Return an organisation's name; an empty text while the registry has not told of it."""
        body = self.body(organisation_id)
        return body.name if body else ""

    def unit_name(self, unit_id: UUID) -> str:
        """Return a unit's name; an empty text while the registry has not told of it."""
        unit = self._book.get("unit", unit_id)
        return str(unit["name"]) if unit else ""

    def _follow(self) -> None:
        if self._revision == self._book.revision:
            return
        self._revision = self._book.revision
        self._bodies = {key: _body(key, fact) for key, fact in self._book.all("organisation").items()}
        self._front_by_unit, self._front_by_code = {}, {}
        for body in self._bodies.values():
            if body.kind == "front_committee" and body.level == "commune":
                self._front_by_unit.setdefault(body.unit_id, []).append(body)
                self._front_by_code.setdefault(body.unit_code, []).append(body)


def _body(organisation_id: UUID, fact: Any) -> Body:
    return Body(
        id=organisation_id,
        kind=fact["kind"],
        name=fact["name"],
        level=fact["level"],
        unit_id=UUID(fact["unit_id"]),
        unit_code=fact["unit_code"],
        valid_from=date.fromisoformat(fact["valid_from"]),
        valid_to=date.fromisoformat(fact["valid_to"]) if fact["valid_to"] else None,
    )
