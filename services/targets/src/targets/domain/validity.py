"""Whether something dated has begun and ended on a day: derived from its dates, never from a year written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Self

FUTURE: Final = "future"
VALID: Final = "valid"
ENDED: Final = "ended"
STANDINGS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        FUTURE: ("Chưa có hiệu lực", "Not yet in force"),
        VALID: ("Đang có hiệu lực", "In force"),
        ENDED: ("Đã hết thời hạn", "Ended"),
    }
)


def standing(valid_from: date, valid_to: date | None, today: date) -> str:
    """Return how something valid from one day to another (both included) stands today."""
    if today < valid_from:
        return FUTURE
    return ENDED if valid_to is not None and today > valid_to else VALID


@dataclass(frozen=True, slots=True)
class Span:
    """From which day to which an organisation stands (both included), by the registry's record of it.

    Where the start is not known it stood before `valid_from` too; nobody recorded since when. That is open towards the
    past, in `queries.scope.STOOD_ON` as here.
    """

    valid_from: date
    valid_to: date | None = None
    start_known: bool = True

    @classmethod
    def of(cls, fact: Mapping[str, Any]) -> Self:
        """Return the span of a fact of the registry; one told before there was `start_known` counts as known."""
        until = fact["valid_to"]
        return cls(
            date.fromisoformat(fact["valid_from"]),
            None if until is None else date.fromisoformat(until),
            fact.get("start_known", True),
        )

    def begins_after(self, day: date) -> bool:
        """Say whether it did not stand yet on a day."""
        return self.start_known and day < self.valid_from

    def includes(self, day: date) -> bool:
        """Say whether it stood on a day."""
        return not self.begins_after(day) and (self.valid_to is None or day <= self.valid_to)
