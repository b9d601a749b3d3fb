"""The life of a report and of a period, as a matrix written by hand from domain.md §9.6 and the brief."""

import uuid
from typing import Any

import pytest

from servicekit.errors import DomainError, Forbidden, StepNotAllowed
from servicekit.lifecycle import SYSTEM, decide, mermaid
from targets.domain import correction_steps, dispute_steps, period_steps, reopening_steps, report_steps, snapshot_steps
from targets.domain.refusals import PeriodClosed, ReasonMissing, SamePerson
from targets.domain.reporting_refusals import OtherLevel

ROLES = ("reporter", "front_officer", "verifier", "approver", "monitoring_officer", "auditor", "head")
ACTIONS = ("revise", "submit", "return", "verify", "approve")
# action: {from: (to, who)}; everything not named here is refused.
MATRIX = {
    "revise": {
        "draft": ("draft", {"reporter", "front_officer"}),
        "returned": ("draft", {"reporter", "front_officer"}),
    },
    "submit": {"draft": ("submitted", {"reporter", "front_officer"})},
    "return": {"submitted": ("returned", {"verifier"}), "verified": ("returned", {"approver"})},
    "verify": {"submitted": ("verified", {"verifier"})},
    "approve": {"verified": ("approved", {"approver"})},
}
ENTERED, SUBMITTED, VERIFIED, OTHER = (uuid.uuid4() for _ in range(4))


def facts(**changed: Any) -> dict[str, Any]:
    return {
        "period_status": "open",
        "actor": OTHER,
        "entered_by": ENTERED,
        "had_a_hand": False,
        "submitted_by": SUBMITTED,
        "verified_by": VERIFIED,
        "unanswered": False,
        "reason": "Thiếu nguồn",
    } | changed


@pytest.mark.parametrize("status", ["draft", "submitted", "returned", "verified", "approved"])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_every_action_from_every_status_by_every_role(status: str, action: str, role: str) -> None:
    allowed = MATRIX[action].get(status)
    if allowed is None:
        with pytest.raises(StepNotAllowed):
            decide(report_steps.STEPS, status, action, {role}, facts())
    elif role not in allowed[1]:
        with pytest.raises(Forbidden):
            decide(report_steps.STEPS, status, action, {role}, facts())
    else:
        assert decide(report_steps.STEPS, status, action, {role}, facts()).target == allowed[0]


GUARDED: list[tuple[str, str, str, dict[str, Any], type[DomainError]]] = [
    ("submitted", "verify", "verifier", {"actor": SUBMITTED}, SamePerson),
    ("submitted", "verify", "verifier", {"actor": ENTERED}, SamePerson),
    ("verified", "approve", "approver", {"actor": SUBMITTED}, SamePerson),
    ("verified", "approve", "approver", {"actor": ENTERED}, SamePerson),
    ("verified", "approve", "approver", {"actor": VERIFIED}, SamePerson),
    ("submitted", "return", "verifier", {"reason": None}, ReasonMissing),
    ("verified", "return", "approver", {"reason": ""}, ReasonMissing),
    ("draft", "revise", "reporter", {"period_status": "closed"}, PeriodClosed),
    ("draft", "submit", "reporter", {"period_status": "closed"}, PeriodClosed),
    ("submitted", "return", "verifier", {"period_status": "closed"}, PeriodClosed),
    ("submitted", "verify", "verifier", {"period_status": "closed"}, PeriodClosed),
    ("verified", "approve", "approver", {"period_status": "closed"}, PeriodClosed),
    ("submitted", "verify", "verifier", {"period_status": "closed", "actor": ENTERED}, PeriodClosed),
]


@pytest.mark.parametrize(("status", "action", "role", "changed", "expected"), GUARDED)
def test_guards(status: str, action: str, role: str, changed: dict[str, Any], expected: type[DomainError]) -> None:
    with pytest.raises(expected):
        decide(report_steps.STEPS, status, action, {role}, facts(**changed))


def test_a_period_is_closed_by_the_monitoring_officer_or_by_time() -> None:
    for role in ("monitoring_officer", SYSTEM):
        assert decide(period_steps.STEPS, "open", "close", {role}, {}).target == "closed"
    for role in set(ROLES) - {"monitoring_officer"}:
        with pytest.raises(Forbidden):
            decide(period_steps.STEPS, "open", "close", {role}, {})
    with pytest.raises(StepNotAllowed):
        decide(period_steps.STEPS, "closed", "close", {"monitoring_officer"}, {})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"turn": False}, OtherLevel),
        ({"turn": False, "period_status": "closed"}, PeriodClosed),
        ({"turn": False, "actor": ENTERED}, SamePerson),
    ],
)
def test_levels_go_in_order(changed: dict[str, Any], expected: type[DomainError]) -> None:
    for action in ("endorse", "verify"):
        with pytest.raises(expected):
            decide(report_steps.STEPS, "submitted", action, {"verifier"}, facts(**changed))


TABLES = (report_steps, period_steps, correction_steps, reopening_steps, snapshot_steps, dispute_steps)


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_whole(table: Any) -> None:
    pairs = [(step.action, step.source) for step in table.STEPS]
    assert len(pairs) == len(set(pairs))
    reached = {step.target for step in table.STEPS} | {table.INITIAL}
    assert reached == set(table.STATUSES)
    assert table.INITIAL in mermaid(table.STEPS, table.INITIAL)


def test_every_told_step_names_an_event_of_the_catalogue() -> None:
    from contracts.catalogue import CATALOGUE

    told = {step.event for table in TABLES for step in table.STEPS if step.event != report_steps.SILENT}
    assert told <= set(CATALOGUE)
    assert {step.action for step in report_steps.STEPS if step.event == report_steps.SILENT} == {"revise"}
