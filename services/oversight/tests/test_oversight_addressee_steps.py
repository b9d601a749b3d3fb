"""The addressee's transition table against a matrix written by hand from features O5-O9 and domain.md §9.1."""

from datetime import date, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from oversight.domain.addressee_steps import FINAL, INITIAL, STATUS_TEXTS, STEPS, WAITING
from oversight.domain.errors import (
    EnderIsReplier,
    NotYetOverdue,
    RefusalNeedsReason,
    ResultDoesNotFit,
    VerifierIsReplier,
)
from servicekit.errors import Forbidden, StepNotAllowed
from servicekit.lifecycle import decide

STATUSES = ("served", "acknowledged", "overdue", "replied", "verified", "ended")
BODY, FRONT, TIME = "head", "front_officer", "system"
WHO = {"acknowledge": BODY, "reply": BODY, "mark_overdue": TIME, "verify": FRONT, "end": FRONT}
WHO |= {"withdraw_overdue": TIME, "withdraw_overdue_acknowledged": TIME}
ALLOWED = {
    ("served", "acknowledge"): "acknowledged",
    ("served", "reply"): "replied",
    ("acknowledged", "reply"): "replied",
    ("overdue", "reply"): "replied",  # a late reply is still a reply
    ("served", "mark_overdue"): "overdue",
    ("acknowledged", "mark_overdue"): "overdue",
    ("overdue", "withdraw_overdue"): "served",  # the calendar moved the last day
    ("overdue", "withdraw_overdue_acknowledged"): "acknowledged",
    ("replied", "verify"): "verified",
    ("served", "end"): "ended",
    ("acknowledged", "end"): "ended",
    ("overdue", "end"): "ended",
    ("replied", "end"): "ended",
}
EVENTS = {
    "acknowledge": "oversight.recommendation.acknowledged.v1",
    "reply": "oversight.recommendation.replied.v1",
    "mark_overdue": "oversight.recommendation.overdue.v1",
    "withdraw_overdue": "oversight.recommendation.deadline_changed.v1",
    "withdraw_overdue_acknowledged": "oversight.recommendation.deadline_changed.v1",
    "verify": "oversight.recommendation.verified.v1",
    "end": "oversight.recommendation.ended.v1",
}
TODAY = date(2026, 11, 23)
FACTS: dict[str, Any] = {
    "disposition": "accepted",
    "reason": None,
    "verifier": uuid4(),
    "replier": uuid4(),
    "ender": uuid4(),
    "result": "implemented",
    "today": TODAY,
    "due_on": TODAY - timedelta(days=1),
    "working": True,
}


@pytest.mark.parametrize(("status", "action"), list(product(STATUSES, WHO)))
def test_each_step_is_allowed_or_refused_as_the_requirement_says(status: str, action: str) -> None:
    if (status, action) not in ALLOWED:
        with pytest.raises(StepNotAllowed):
            decide(STEPS, status, action, {WHO[action]}, FACTS)
        return
    facts = FACTS | ({"due_on": TODAY} if action.startswith("withdraw") else {})
    step = decide(STEPS, status, action, {WHO[action]}, facts)
    assert step.target == ALLOWED[status, action]
    assert step.event == EVENTS[action]


@pytest.mark.parametrize(("status", "action"), ALLOWED)
def test_the_other_side_cannot_take_the_step(status: str, action: str) -> None:
    others = {BODY, FRONT, TIME} - {WHO[action]} | {"auditor", "administrator"}
    with pytest.raises(Forbidden):
        decide(STEPS, status, action, others, FACTS)


@pytest.mark.parametrize("action", ["withdraw_overdue", "withdraw_overdue_acknowledged"])
def test_lateness_is_not_taken_back_when_the_moved_day_has_passed_too(action: str) -> None:
    with pytest.raises(StepNotAllowed):
        decide(STEPS, "overdue", action, {TIME}, FACTS)


@pytest.mark.parametrize("reason", [None, ""])
def test_a_refusal_without_a_reason_is_refused(reason: str | None) -> None:
    facts = FACTS | {"disposition": "not_accepted", "reason": reason}
    with pytest.raises(RefusalNeedsReason):
        decide(STEPS, "served", "reply", {BODY}, facts)
    decide(STEPS, "served", "reply", {BODY}, facts | {"reason": "Không thuộc thẩm quyền"})


def test_whoever_replied_cannot_verify() -> None:
    with pytest.raises(VerifierIsReplier):
        decide(STEPS, "replied", "verify", {FRONT}, FACTS | {"verifier": FACTS["replier"]})


def test_whoever_replied_cannot_end_the_follow_up() -> None:
    with pytest.raises(EnderIsReplier):
        decide(STEPS, "replied", "end", {FRONT}, FACTS | {"ender": FACTS["replier"]})


@pytest.mark.parametrize(
    ("disposition", "result", "fits"),
    [
        ("accepted", "implemented", True),
        ("partly_accepted", "implemented", True),
        ("not_accepted", "refusal_justified", True),
        ("accepted", "refusal_justified", False),
        ("partly_accepted", "refusal_justified", False),
        ("not_accepted", "implemented", False),
    ],
)
def test_the_result_of_a_verification_fits_the_reply(disposition: str, result: str, fits: bool) -> None:
    facts = FACTS | {"disposition": disposition, "result": result}
    if fits:
        assert decide(STEPS, "replied", "verify", {FRONT}, facts).target == "verified"
    else:
        with pytest.raises(ResultDoesNotFit):
            decide(STEPS, "replied", "verify", {FRONT}, facts)


@pytest.mark.parametrize(
    "changed",
    [{"due_on": TODAY}, {"due_on": TODAY + timedelta(days=1)}, {"working": False}],
    ids=["on the last day", "before it", "on a day off"],
)
def test_nobody_is_late_on_the_last_day_or_noted_on_a_day_off(changed: dict[str, Any]) -> None:
    with pytest.raises(NotYetOverdue):
        decide(STEPS, "served", "mark_overdue", {TIME}, FACTS | changed)


def test_every_status_is_reached_named_and_left_unless_final() -> None:
    assert {INITIAL, *(step.target for step in STEPS)} == set(STATUSES) == set(STATUS_TEXTS)
    assert {step.source for step in STEPS} == set(STATUSES) - set(FINAL)
    assert {step.source for step in STEPS if step.action == "mark_overdue"} == set(WAITING)
    assert len({(step.action, step.source) for step in STEPS}) == len(STEPS)
