"""Whether something dated has begun and ended on a day: derived from its dates, never from a year written down."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

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
