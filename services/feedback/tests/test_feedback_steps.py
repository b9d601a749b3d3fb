"""The lifecycle of a submission against a matrix written by hand from domain.md §9.4."""

import pytest

from feedback.domain.submission_steps import INITIAL, SENDER, STEPS, NotForThisChannel
from servicekit.errors import Forbidden, StepNotAllowed
from servicekit.lifecycle import decide

# rows: state; columns: action → next state ("." is a refusal)
MATRIX = """
             classify    accept    refuse   guide_out   assign    answer    confirm    dispute
submitted    classified  .         .        .           .         .         .          .
classified   .           accepted  refused  guided_out  .         .         .          .
accepted     .           .         .        .           assigned  .         .          .
refused      .           .         .        .           .         .         .          .
guided_out   .           .         .        .           .         .         .          .
assigned     .           .         .        .           .         answered  .          .
answered     .           .         .        .           .         .         confirmed  disputed
confirmed    .           .         .        .           .         .         .          .
disputed     .           .         .        .           assigned  .         .          .
"""
WHO = {
    "classify": {"intake_officer", "front_officer"},
    "accept": {"intake_officer", "front_officer"},
    "guide_out": {"intake_officer", "front_officer"},
    "assign": {"intake_officer", "front_officer"},
    "refuse": {"head"},
    "answer": {"handler", "head"},
    "confirm": {"sender"},
    "dispute": {"sender"},
}
ALL_ROLES = {
    "administrator",
    "auditor",
    "intake_officer",
    "handler",
    "front_officer",
    "head",
    "monitoring_officer",
    "reporter",
    "verifier",
    "approver",
    "data_protection_officer",
    "integrating_system",
    "service",
    "sender",
}


def matrix() -> list[tuple[str, str, str]]:
    head, *lines = [line.split() for line in MATRIX.strip().splitlines()]
    return [(line[0], action, target) for line in lines for action, target in zip(head, line[1:], strict=True)]


@pytest.mark.parametrize("status, action, target", matrix())
def test_each_cell_of_the_matrix(status: str, action: str, target: str) -> None:
    facts = {"kind": "report"}
    if target == ".":
        with pytest.raises(StepNotAllowed):
            decide(STEPS, status, action, ALL_ROLES, facts)
        return
    assert decide(STEPS, status, action, ALL_ROLES, facts).target == target
    for role in ALL_ROLES - WHO[action]:
        with pytest.raises(Forbidden):
            decide(STEPS, status, action, {role}, facts)
    for role in WHO[action]:
        assert decide(STEPS, status, action, {role}, facts).target == target


@pytest.mark.parametrize("kind", ["complaint", "denunciation", "crime_report", "party_petition", "information_request"])
def test_kinds_with_a_legal_path_elsewhere_are_not_accepted(kind: str) -> None:
    with pytest.raises(NotForThisChannel):
        decide(STEPS, "classified", "accept", {"front_officer"}, {"kind": kind})
    assert decide(STEPS, "classified", "guide_out", {"front_officer"}, {"kind": kind}).target == "guided_out"


@pytest.mark.parametrize("kind", ["report", "petition", "opinion", "suggestion"])
def test_kinds_of_this_channel_are_accepted(kind: str) -> None:
    assert decide(STEPS, "classified", "accept", {"intake_officer"}, {"kind": kind}).target == "accepted"


def test_every_status_can_be_reached_and_no_step_is_there_twice() -> None:
    reached = {INITIAL}
    for _ in STEPS:
        reached |= {step.target for step in STEPS if step.source in reached}
    assert reached == {step.source for step in STEPS} | {step.target for step in STEPS}
    pairs = [(step.action, step.source) for step in STEPS]
    assert len(pairs) == len(set(pairs))
    assert {step.action for step in STEPS if SENDER in step.by} == {"confirm", "dispute"}
