"""The lineage of organisations, from the copies in memory; built once for each change of the registry."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from servicekit.errors import Unavailable
from servicekit.reference_book import ReferenceBook
from targets.domain.lineage import Body, Lineage, Succession
from targets.domain.restating import Restating
from targets.domain.validity import Span

_DAYS_KEPT: Final = 8


class LineageBook:
    """Follows a reference book; what was worked out for a day is kept until a fact of the registry changes."""

    def __init__(self, book: ReferenceBook) -> None:
        self._book = book
        self._revision = -1
        self._lineage = Lineage((), ())
        self._restatings: dict[date, Restating] = {}

    @property
    def lineage(self) -> Lineage:
        """Return what is known of the organisations. Raises Unavailable while the copies are not complete."""
        if not self._book.ready:
            raise Unavailable
        if self._revision != self._book.revision:
            self._revision = self._book.revision
            self._lineage = Lineage(
                [_body(key, fact) for key, fact in self._book.all("organisation").items()],
                [_succession(fact) for fact in self._book.all("organisation_succession").values()],
            )
            self._restatings.clear()
        return self._lineage

    def restating(self, day: date) -> Restating:
        """Return how figures are restated to the organisations standing on a day. Raises Unavailable."""
        lineage = self.lineage
        found = self._restatings.get(day)
        if found is None:
            if len(self._restatings) >= _DAYS_KEPT:
                del self._restatings[next(iter(self._restatings))]
            found = self._restatings[day] = Restating(lineage, day)
        return found


def _body(key: UUID, fact: Mapping[str, Any]) -> Body:
    return Body(
        id=key,
        name=fact["name"],
        kind=fact["kind"],
        level=fact["level"],
        path=tuple(UUID(step) for step in fact["path"]),
        unit_id=UUID(fact["unit_id"]),
        span=Span.of(fact),
    )


def _succession(fact: Mapping[str, Any]) -> Succession:
    return Succession(
        predecessor_id=UUID(fact["predecessor_id"]),
        successor_id=UUID(fact["successor_id"]),
        kind=fact["kind"],
        happened_on=date.fromisoformat(fact["happened_on"]),
        ratio=None if fact["ratio"] is None else Decimal(fact["ratio"]),
        ratio_source=fact["ratio_source"],
        inherited=fact["inherited"],
        confidence=fact["confidence"],
        legal_basis=fact["legal_basis"],
    )
