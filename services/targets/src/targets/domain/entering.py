"""Whether figures may be entered at a place: the same rules for one report, and for each row of a file."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from servicekit.errors import DomainError
from targets.domain.refusals import OrganisationNotExpected, OrganisationNotValid, PeriodClosed
from targets.domain.validity import Span

COUNTING_METHODS: Final = ("distinct_persons", "memberships", "organisations_founded")
UNCONFIGURED_METHOD: Final = "as_reported"
"""The way of counting of a report that names none, under a target that configures none."""


@dataclass(frozen=True, slots=True)
class Place:
    """One organisation in one period of one indicator."""

    period_status: str
    last_day: date
    organisation: Span
    expected: bool


def refuse_place(place: Place) -> DomainError | None:
    """Return why nothing may be entered there, or None."""
    if not place.organisation.includes(place.last_day):
        return OrganisationNotValid(last_day=place.last_day.isoformat())
    if not place.expected:
        return OrganisationNotExpected()
    if place.period_status != "open":
        return PeriodClosed()
    return None
