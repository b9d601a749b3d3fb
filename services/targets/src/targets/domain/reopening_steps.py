"""The life of a request to reopen a closed period: asked for, decided by another, locked again by time.

There is one way to reopen: for the units named, until the day named. An extension is a new request.
"""

from datetime import date
from typing import Final

from servicekit.errors import DomainError
from servicekit.lifecycle import SYSTEM, Facts, Step
from targets.domain.period_steps import OPEN
from targets.domain.refusals import ReasonMissing
from targets.domain.reporting_refusals import OwnRequest

REQUESTED: Final = "requested"
APPROVED: Final = "approved"
REFUSED: Final = "refused"
RELOCKED: Final = "relocked"
STATUSES: Final = (REQUESTED, APPROVED, REFUSED, RELOCKED)
INITIAL: Final = REQUESTED
ASKING: Final = frozenset({"reporter", "front_officer", "monitoring_officer"})
"""Those who may ask: the unit, and the monitoring board."""
LONGEST_DAYS: Final = 92
"""How far ahead a request may reach; our default, no legal figure was found."""


def another_person(facts: Facts) -> DomainError | None:
    """Who asked does not decide."""
    return OwnRequest() if facts["actor"] == facts["requested_by"] else None


def with_reason(facts: Facts) -> DomainError | None:
    """A refusal says why."""
    return another_person(facts) or (None if facts["reason"] else ReasonMissing())


_BY: Final = frozenset({"monitoring_officer"})
STEPS: Final = (
    Step("approve", REQUESTED, APPROVED, by=_BY, event="targets.period.reopened.v1", guard=another_person),
    Step("refuse", REQUESTED, REFUSED, by=_BY, event="", guard=with_reason),
    Step("relock", APPROVED, RELOCKED, by=frozenset({SYSTEM}), event="targets.period.relocked.v1"),
)


def open_on(status: str, reopened_until: date | None, today: date) -> bool:
    """Say whether a unit may change its reports of a period today: it is open, or reopened for it until then."""
    return status == OPEN or (reopened_until is not None and today <= reopened_until)
