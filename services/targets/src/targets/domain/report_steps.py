"""The life of an indicator report (báo cáo chỉ tiêu): entered, submitted, checked by a second, approved by a third.

A returned report goes back to draft by being corrected (`revise`), so nobody resubmits what was returned unread.
Drafts are the unit's own matter: `revise` tells no event. Where a form has several levels that verify, each of them but
the last endorses: the report stays submitted until the last has signed.
"""

from typing import Final

from servicekit.errors import DomainError
from servicekit.lifecycle import Facts, Step
from targets.domain.refusals import PeriodClosed, ReasonMissing, SamePerson, WarningsUnanswered
from targets.domain.reporting_refusals import EvidenceMissing, OtherLevel

DRAFT: Final = "draft"
SUBMITTED: Final = "submitted"
RETURNED: Final = "returned"
VERIFIED: Final = "verified"
APPROVED: Final = "approved"
STATUSES: Final = (DRAFT, SUBMITTED, RETURNED, VERIFIED, APPROVED)
INITIAL: Final = DRAFT

ENTERING: Final = frozenset({"reporter", "front_officer"})
RULE: Final = "IND.REPORT_DUE"
SILENT: Final = ""
"""The event of a step that is told to nobody."""


def period_open(facts: Facts) -> DomainError | None:
    """Nothing moves in a closed period."""
    return None if facts["period_status"] == "open" else PeriodClosed()


def with_reason(facts: Facts) -> DomainError | None:
    """A return says why."""
    return period_open(facts) or (None if facts["reason"] else ReasonMissing())


def ready(facts: Facts) -> DomainError | None:
    """What needs evidence is not handed in without, nor what a rule warned of without a note that explains it."""
    if facts.get("evidence_missing"):
        return period_open(facts) or EvidenceMissing()
    return period_open(facts) or (WarningsUnanswered() if facts["unanswered"] else None)


def second_person(facts: Facts) -> DomainError | None:
    """Who verifies has neither entered figures, in this or an earlier round, nor submitted them; levels go in order."""
    if facts["had_a_hand"] or facts["actor"] in (facts["entered_by"], facts["submitted_by"]):
        return period_open(facts) or SamePerson()
    return period_open(facts) or (None if facts.get("turn", True) else OtherLevel())


def third_person(facts: Facts) -> DomainError | None:
    """Who approves has neither entered, nor submitted, nor verified."""
    return SamePerson() if facts["actor"] == facts["verified_by"] else second_person(facts)


STEPS: Final = (
    Step("revise", DRAFT, DRAFT, by=ENTERING, event=SILENT, guard=period_open),
    Step("revise", RETURNED, DRAFT, by=ENTERING, event=SILENT, guard=period_open),
    Step(
        "submit",
        DRAFT,
        SUBMITTED,
        by=ENTERING,
        event="targets.report.submitted.v1",
        guard=ready,
        deadline_rule=RULE,
    ),
    Step(
        "return",
        SUBMITTED,
        RETURNED,
        by=frozenset({"verifier"}),
        event="targets.report.returned.v1",
        guard=with_reason,
    ),
    Step(
        "endorse",
        SUBMITTED,
        SUBMITTED,
        by=frozenset({"verifier"}),
        event="targets.report.endorsed.v1",
        guard=second_person,
    ),
    Step(
        "verify",
        SUBMITTED,
        VERIFIED,
        by=frozenset({"verifier"}),
        event="targets.report.verified.v1",
        guard=second_person,
    ),
    Step(
        "return",
        VERIFIED,
        RETURNED,
        by=frozenset({"approver"}),
        event="targets.report.returned.v1",
        guard=with_reason,
    ),
    Step(
        "approve",
        VERIFIED,
        APPROVED,
        by=frozenset({"approver"}),
        event="targets.report.approved.v1",
        guard=third_person,
    ),
)
