"""The engine of the state machines."""

import pytest

from servicekit.errors import DomainError, Forbidden, Invalid, StepNotAllowed
from servicekit.lifecycle import Facts, Step, actions_from, decide, mermaid


def has_reason(facts: Facts) -> DomainError | None:
    return None if facts.get("reason") else Invalid()


STEPS = (
    Step("accept", "classified", "accepted", by={"intake"}, event="a.b.accepted.v1", deadline_rule="FB.RESOLVE"),
    Step("refuse", "classified", "refused", by={"head"}, guard=has_reason, event="a.b.refused.v1"),
)


def test_the_step_is_found_by_state_and_action() -> None:
    assert decide(STEPS, "classified", "accept", {"intake"}, {}).target == "accepted"


@pytest.mark.parametrize(("status", "action"), [("accepted", "accept"), ("classified", "close"), ("new", "accept")])
def test_a_skipped_state_is_refused(status: str, action: str) -> None:
    with pytest.raises(StepNotAllowed):
        decide(STEPS, status, action, {"intake", "head"}, {})


def test_the_state_is_asked_before_the_role_and_the_role_before_the_guard() -> None:
    with pytest.raises(StepNotAllowed):
        decide(STEPS, "refused", "refuse", set(), {})
    with pytest.raises(Forbidden):
        decide(STEPS, "classified", "refuse", {"intake"}, {})
    with pytest.raises(Invalid):
        decide(STEPS, "classified", "refuse", {"head"}, {})


def test_a_front_end_learns_which_buttons_to_show() -> None:
    assert actions_from(STEPS, "classified", {"head"}) == ["refuse"]
    assert actions_from(STEPS, "classified", {"head", "intake"}) == ["accept", "refuse"]


def test_the_diagram_is_drawn_from_the_table() -> None:
    drawing = mermaid(STEPS, "classified")
    assert "classified --> accepted: accept (intake) ⏱ FB.RESOLVE" in drawing
    assert "refused --> [*]" in drawing
