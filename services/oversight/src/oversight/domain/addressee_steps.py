"""Transition table of one addressee of a recommendation: each body has its own clock and its own state."""

from collections.abc import Mapping
from typing import Final

from oversight.domain.errors import (
    EnderIsReplier,
    NotYetOverdue,
    RefusalNeedsReason,
    ResultDoesNotFit,
    VerifierIsReplier,
)
from oversight.domain.roles import ADDRESSED, PRESIDING
from servicekit.errors import DomainError, StepNotAllowed
from servicekit.lifecycle import SYSTEM, Facts, Step

INITIAL: Final = "served"
WAITING: Final = ("served", "acknowledged")
"""States in which silence can run past the clock."""
RUNNING: Final = (*WAITING, "overdue")
"""States in which a reply is awaited, so that its clock still counts."""
FINAL: Final = ("verified", "ended")
STATUS_TEXTS: Final[Mapping[str, str]] = {
    "served": "Đã gửi, chờ trả lời",
    "acknowledged": "Đã nhận, chờ trả lời",
    "overdue": "Quá hạn, chưa trả lời",
    "replied": "Đã trả lời, chờ xác nhận",
    "verified": "Đã xác nhận kết quả",
    "ended": "Đã kết thúc theo dõi",
}
DISPOSITION_TEXTS: Final[Mapping[str, str]] = {
    "accepted": "Tiếp thu",
    "partly_accepted": "Tiếp thu một phần",
    "not_accepted": "Không tiếp thu",
}
RESULT_TEXTS: Final[Mapping[str, str]] = {
    "implemented": "Đã thực hiện như trả lời",
    "refusal_justified": "Lý do không tiếp thu là có căn cứ",
}
END_TEXTS: Final[Mapping[str, str]] = {
    "escalated": "Đã kiến nghị cấp có thẩm quyền xem xét trách nhiệm",
    "superseded": "Đã thay bằng kiến nghị khác",
    "organisation_ended": "Cơ quan nhận kiến nghị không còn hoạt động",
}


def silent_on_a_working_day(facts: Facts) -> DomainError | None:
    """Guard of `mark_overdue` (facts: today, due_on, working); lateness is only noted on working days."""
    return None if facts["working"] and facts["today"] > facts["due_on"] else NotYetOverdue()


def due_again(facts: Facts) -> DomainError | None:
    """Guard of taking lateness back (facts: today, due_on): the last day, moved by the calendar, has not passed."""
    late = facts["today"] > facts["due_on"]
    return StepNotAllowed(action="withdraw_overdue", status="overdue") if late else None


def refusal_has_reason(facts: Facts) -> DomainError | None:
    """Guard of `reply` (facts: disposition, reason)."""
    return RefusalNeedsReason() if facts["disposition"] == "not_accepted" and not facts["reason"] else None


def another_person_and_a_fitting_result(facts: Facts) -> DomainError | None:
    """Guard of `verify` (facts: verifier, replier, disposition, result): four eyes, and the result fits the reply."""
    if facts["verifier"] == facts["replier"]:
        return VerifierIsReplier()
    refused = facts["disposition"] == "not_accepted"
    return ResultDoesNotFit() if refused != (facts["result"] == "refusal_justified") else None


def ended_by_another(facts: Facts) -> DomainError | None:
    """Guard of `end` after a reply (facts: ender, replier): nobody lays the own reply to rest unverified."""
    return EnderIsReplier() if facts["ender"] == facts["replier"] else None


_OVERDUE: Final = "oversight.recommendation.overdue.v1"
_REPLIED: Final = "oversight.recommendation.replied.v1"
_ACKNOWLEDGED: Final = "oversight.recommendation.acknowledged.v1"
_MOVED: Final = "oversight.recommendation.deadline_changed.v1"
_ENDED: Final = "oversight.recommendation.ended.v1"
_SYSTEM: Final = frozenset({SYSTEM})
STEPS: Final = (
    Step("acknowledge", "served", "acknowledged", ADDRESSED, _ACKNOWLEDGED),
    Step("reply", "served", "replied", ADDRESSED, _REPLIED, refusal_has_reason),
    Step("reply", "acknowledged", "replied", ADDRESSED, _REPLIED, refusal_has_reason),
    Step("reply", "overdue", "replied", ADDRESSED, _REPLIED, refusal_has_reason),
    Step("mark_overdue", "served", "overdue", _SYSTEM, _OVERDUE, silent_on_a_working_day, "OVS.REPLY"),
    Step("mark_overdue", "acknowledged", "overdue", _SYSTEM, _OVERDUE, silent_on_a_working_day, "OVS.REPLY"),
    Step("withdraw_overdue", "overdue", "served", _SYSTEM, _MOVED, due_again, "OVS.REPLY"),
    Step("withdraw_overdue_acknowledged", "overdue", "acknowledged", _SYSTEM, _MOVED, due_again, "OVS.REPLY"),
    Step(
        "verify",
        "replied",
        "verified",
        PRESIDING,
        "oversight.recommendation.verified.v1",
        another_person_and_a_fitting_result,
    ),
    Step("end", "served", "ended", PRESIDING, _ENDED),
    Step("end", "acknowledged", "ended", PRESIDING, _ENDED),
    Step("end", "overdue", "ended", PRESIDING, _ENDED),
    Step("end", "replied", "ended", PRESIDING, _ENDED, ended_by_another),
)
