"""The life of a dispute over a value (nghi vấn về số liệu): raised, answered by the owner, decided by the board.

The value is marked everywhere while an answer is awaited: from raising until the owner answers with reasons, and again
from a rejected answer until the next one.
"""

from typing import Final

from servicekit.errors import DomainError, StepNotAllowed
from servicekit.lifecycle import SYSTEM, Facts, Step
from targets.domain.dispute_refusals import AnswererRaisedIt, DeciderAnswered, NoCorrection, ReasonsMissing

OPEN: Final = "open"
OVERDUE: Final = "overdue"
ANSWERED: Final = "answered"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
CLOSED: Final = "closed"
STATUSES: Final = (OPEN, OVERDUE, ANSWERED, ACCEPTED, REJECTED, CLOSED)
INITIAL: Final = OPEN
MARKED: Final = (OPEN, OVERDUE, REJECTED)
"""States in which the owner still owes reasons; the value is shown as disputed."""
RUNNING: Final = (OPEN, REJECTED)
"""States in which silence can run past the day."""

RAISING: Final = frozenset({"front_officer", "monitoring_officer"})
ANSWERING: Final = frozenset({"reporter", "front_officer"})
DECIDING: Final = frozenset({"monitoring_officer", "approver"})
"""At the city's monitoring board only."""
RULE: Final = "IND.DISPUTE_ANSWER"
STANDS: Final = "figure_stands"
CORRECTED: Final = "figure_corrected"
_SYSTEM: Final = frozenset({SYSTEM})
_ANSWERED: Final = "targets.value.dispute_answered.v1"
_OVERDUE: Final = "targets.value.dispute_overdue.v1"
_MOVED: Final = "targets.value.dispute_deadline_changed.v1"


def another_with_reasons(facts: Facts) -> DomainError | None:
    """Guard of `answer`: not by who raised it, with reasons, and a correction that is really there."""
    if facts["actor"] == facts["raised_by"]:
        return AnswererRaisedIt()
    if not facts["reason"]:
        return ReasonsMissing()
    return NoCorrection() if facts["answer"] == CORRECTED and not facts["corrected"] else None


def decided_by_another(facts: Facts) -> DomainError | None:
    """Guard of `accept`: neither the answerer nor who raised it."""
    return DeciderAnswered() if facts["actor"] in (facts["answered_by"], facts["raised_by"]) else None


def rejected_by_another_with_reasons(facts: Facts) -> DomainError | None:
    """Guard of `reject`: by another, who says what is missing."""
    return decided_by_another(facts) or (None if facts["reason"] else ReasonsMissing())


def silent(facts: Facts) -> DomainError | None:
    """Guard of `mark_overdue`: the day has passed."""
    late = facts["today"] > facts["due_on"]
    return None if late else StepNotAllowed(action="mark_overdue", status=facts["status"])


def due_again(facts: Facts) -> DomainError | None:
    """Guard of taking lateness back: the day, moved by the calendar, has not passed."""
    late = facts["today"] > facts["due_on"]
    return StepNotAllowed(action="withdraw_overdue", status=OVERDUE) if late else None


STEPS: Final = (
    *(Step("answer", start, ANSWERED, ANSWERING, _ANSWERED, another_with_reasons, RULE) for start in MARKED),
    *(Step("mark_overdue", start, OVERDUE, _SYSTEM, _OVERDUE, silent, RULE) for start in RUNNING),
    Step("withdraw_overdue", OVERDUE, OPEN, _SYSTEM, _MOVED, due_again, RULE),
    Step("withdraw_overdue_rejected", OVERDUE, REJECTED, _SYSTEM, _MOVED, due_again, RULE),
    Step("accept", ANSWERED, ACCEPTED, DECIDING, "targets.value.dispute_accepted.v1", decided_by_another),
    Step("reject", ANSWERED, REJECTED, DECIDING, "targets.value.dispute_rejected.v1", rejected_by_another_with_reasons),
    Step("close", ACCEPTED, CLOSED, DECIDING, "targets.value.dispute_closed.v1"),
)
