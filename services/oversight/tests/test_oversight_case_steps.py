"""The case's transition table against a matrix written by hand from domain.md §9.1, not from the table."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from oversight.domain.case_steps import INITIAL, STATUS_TEXTS, STEPS
from oversight.domain.errors import AddresseesOpen, DatesOutOfOrder, PlanIncomplete, RecipientsIncomplete
from servicekit.errors import Forbidden, StepNotAllowed
from servicekit.lifecycle import decide

STATUSES = ("opened", "planned", "concluded", "recommended", "closed")
ACTIONS = ("plan", "conclude", "recommend", "close")
ALLOWED = {
    ("opened", "plan"): ("planned", "oversight.case.planned.v1"),
    ("planned", "conclude"): ("concluded", "oversight.case.concluded.v1"),
    ("concluded", "recommend"): ("recommended", "oversight.recommendation.served.v1"),
    ("recommended", "recommend"): ("recommended", "oversight.recommendation.served.v1"),
    ("recommended", "close"): ("closed", "oversight.case.closed.v1"),
}
TODAY = date(2026, 11, 23)
PARTS = ("purpose", "scope", "members", "time_and_place", "assignments", "conditions")
FACTS: dict[str, Any] = {
    "today": TODAY,
    "parts": dict.fromkeys(PARTS, "có"),
    "document_date": TODAY,
    "plan_date": TODAY,
    "conclusion_date": TODAY,
    "served_on": TODAY,
    "recipient_roles": {"object", "competent_body"},
    "open": 0,
}


@pytest.mark.parametrize(("status", "action"), list(product(STATUSES, ACTIONS)))
def test_each_step_is_allowed_or_refused_as_the_requirement_says(status: str, action: str) -> None:
    if (status, action) not in ALLOWED:
        with pytest.raises(StepNotAllowed):
            decide(STEPS, status, action, {"front_officer"}, FACTS)
        return
    step = decide(STEPS, status, action, {"front_officer"}, FACTS)
    assert (step.target, step.event) == ALLOWED[status, action]
    assert step.deadline_rule == ("OVS.REPLY" if action == "recommend" else None)


@pytest.mark.parametrize(("status", "action"), ALLOWED)
@pytest.mark.parametrize("role", ["head", "handler", "auditor", "administrator", "system", "intake_officer"])
def test_only_the_presiding_front_officer_takes_a_step(status: str, action: str, role: str) -> None:
    with pytest.raises(Forbidden):
        decide(STEPS, status, action, {role}, FACTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_plan_with_a_part_missing_is_refused(part: str) -> None:
    facts = FACTS | {"parts": {name: "có" for name in PARTS if name != part}}
    with pytest.raises(PlanIncomplete):
        decide(STEPS, "opened", "plan", {"front_officer"}, facts)


@pytest.mark.parametrize(
    ("status", "action", "changed"),
    [
        ("opened", "plan", {"document_date": TODAY + timedelta(days=1)}),
        ("opened", "plan", {"document_date": date(1999, 1, 1)}),
        ("planned", "conclude", {"document_date": TODAY + timedelta(days=1)}),
        ("planned", "conclude", {"document_date": TODAY - timedelta(days=1)}),
        ("concluded", "recommend", {"served_on": TODAY + timedelta(days=1)}),
        ("concluded", "recommend", {"served_on": TODAY - timedelta(days=1)}),
        (
            "concluded",
            "recommend",
            {"conclusion_date": TODAY - timedelta(days=90), "served_on": TODAY - timedelta(days=61)},
        ),
    ],
)
def test_documents_follow_each_other_and_are_not_from_the_future(
    status: str, action: str, changed: dict[str, Any]
) -> None:
    with pytest.raises(DatesOutOfOrder):
        decide(STEPS, status, action, {"front_officer"}, FACTS | changed)


@pytest.mark.parametrize("roles", [set(), {"object"}, {"competent_body"}])
def test_a_recommendation_needs_the_object_and_the_competent_body(roles: set[str]) -> None:
    with pytest.raises(RecipientsIncomplete):
        decide(STEPS, "concluded", "recommend", {"front_officer"}, FACTS | {"recipient_roles": roles})


def test_a_case_with_an_open_addressee_does_not_close() -> None:
    with pytest.raises(AddresseesOpen):
        decide(STEPS, "recommended", "close", {"front_officer"}, FACTS | {"open": 1})


def test_every_status_is_reached_left_and_named() -> None:
    assert {INITIAL, *(step.target for step in STEPS)} == set(STATUSES) == set(STATUS_TEXTS)
    assert {step.source for step in STEPS} == set(STATUSES) - {"closed"}
    assert len({(step.action, step.source) for step in STEPS}) == len(STEPS)
