"""The life of a correction of an approved report (đính chính): asked for, checked by a second, approved by a third.

Decided here: the approved value goes on counting until the corrected one is approved. A unit cannot take a published
figure out of the sums by asking, and coverage does not fall and rise again while the paper goes its way.
"""

from typing import Final

from servicekit.errors import DomainError
from servicekit.lifecycle import Facts, Step
from targets.domain.refusals import SamePerson
from targets.domain.report_steps import period_open, with_reason

REQUESTED: Final = "requested"
VERIFIED: Final = "verified"
APPROVED: Final = "approved"
REFUSED: Final = "refused"
STATUSES: Final = (REQUESTED, VERIFIED, APPROVED, REFUSED)
WAITING: Final = (REQUESTED, VERIFIED)
INITIAL: Final = REQUESTED


def second_person(facts: Facts) -> DomainError | None:
    """Who verifies did not ask."""
    return period_open(facts) or (SamePerson() if facts["actor"] == facts["requested_by"] else None)


def third_person(facts: Facts) -> DomainError | None:
    """Who approves neither asked nor verified."""
    return SamePerson() if facts["actor"] == facts["verified_by"] else second_person(facts)


STEPS: Final = (
    Step("verify", REQUESTED, VERIFIED, by=frozenset({"verifier"}), event="", guard=second_person),
    Step("refuse", REQUESTED, REFUSED, by=frozenset({"verifier"}), event="", guard=with_reason),
    Step("refuse", VERIFIED, REFUSED, by=frozenset({"approver"}), event="", guard=with_reason),
    Step(
        "approve",
        VERIFIED,
        APPROVED,
        by=frozenset({"approver"}),
        event="targets.report.corrected.v1",
        guard=third_person,
    ),
)
