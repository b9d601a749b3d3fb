"""What a day of the work calendar can be."""

from datetime import date
from typing import Final

SATURDAY: Final = 5


def misplaced(kind: str, day: date) -> bool:
    """Tell whether this kind cannot be said of this day: one works in lieu at a weekend and is off on a weekday."""
    at_weekend = day.weekday() >= SATURDAY
    return (kind == "working_saturday" and not at_weekend) or (kind == "off_in_lieu" and at_weekend)
