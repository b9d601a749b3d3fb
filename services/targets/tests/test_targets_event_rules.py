"""The pure rules: what one thing adds to an indicator, and that adding differences ends where counting anew ends."""

import itertools
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets_house import day

from targets.domain.event_items import (
    Case,
    Criticism,
    Draft,
    Facts,
    Opinion,
    Recommendation,
    Submission,
    after_its_day,
)
from targets.domain.event_rules import RULES, Share, answered_on_time, changes, shares

days = st.none() | st.dates(date(2024, 12, 20), date(2025, 1, 10))
clocks = st.builds(Submission, due_on=days, answered_on=days, ran_out=st.booleans())


def share(item: Submission) -> dict[str, Share]:
    found = answered_on_time(item)
    return {} if found is None else {"GEN-04": found}


@given(st.lists(clocks, min_size=1, max_size=8))
def test_adding_changes_ends_where_counting_anew_ends(path: list[Submission]) -> None:
    totals: dict[str, list[int]] = {}
    for before, after in itertools.pairwise([Submission(), *path]):
        for _, change in changes(share(before), share(after)):
            sums = totals.setdefault(change.period, [0, 0, 0, 0])
            for place, number in enumerate((change.numerator, change.denominator, change.counted, change.expected)):
                sums[place] += number
    last = answered_on_time(path[-1])
    kept = {period: sums for period, sums in totals.items() if any(sums)}
    expected = last and [last.numerator, last.denominator, last.counted, last.expected]
    assert kept == ({} if last is None else {last.period: expected})


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (Submission(), None),
        (Submission(due_on=day("2026-03-10")), Share("2026", 0, 0, 0, 1)),
        (Submission(due_on=day("2026-03-10"), ran_out=True), Share("2026", 0, 1, 1, 1)),
        (Submission(due_on=day("2026-03-10"), answered_on=day("2026-03-10")), Share("2026", 1, 1, 1, 1)),
        (Submission(due_on=day("2026-03-10"), answered_on=day("2026-03-11")), Share("2026", 0, 1, 1, 1)),
        (Submission(due_on=day("2026-03-10"), answered_on=day("2026-03-10"), ran_out=True), Share("2026", 1, 1, 1, 1)),
        (Submission(due_on=day("2025-12-31"), answered_on=day("2026-01-02")), Share("2025", 0, 1, 1, 1)),
    ],
)
def test_what_one_clock_adds(clock: Submission, expected: Share | None) -> None:
    assert answered_on_time(clock) == expected


REPLIED = Recommendation(served_on=day("2025-12-20"), due_on=day("2026-01-04"), replied_on=day("2026-01-04"))
SILENT = replace(REPLIED, replied_on=None, ran_out=True)
FORWARDED = Submission(accepted_on=day("2025-12-30"), due_on=day("2026-01-20"), forwarded=True)
ISSUED = Criticism(issued_on=day("2026-04-20"), due_on=day("2026-05-05"), points=3)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Case(), {}),
        (Case(concluded_on=day("2026-01-01")), {}),
        (Case(planned_on=day("2025-12-31"), concluded_on=day("2027-01-01")), {"OVS-01": Share("2025", 1, 1, 1, 1)}),
        (REPLIED, {"OVS-02": Share("2026", 1, 1, 1, 1), "OVS-03": Share("2025", 0, 1, 0, 1)}),
        # replaced after its day: it was not answered in time, and nobody has to carry it out any more
        (replace(SILENT, end_reason="superseded", ended_on=day("2026-01-05")), {"OVS-02": Share("2026", 0, 1, 1, 1)}),
        (replace(SILENT, end_reason="superseded", ended_on=day("2026-01-04")), {}),
        # replaced after an answer: the answer came in time
        (replace(REPLIED, end_reason="superseded", ended_on=day("2026-01-04")), {"OVS-02": Share("2026", 1, 1, 1, 1)}),
        (
            replace(SILENT, end_reason="escalated", ended_on=day("2026-01-02")),
            {"OVS-02": Share("2026", 0, 1, 1, 1), "OVS-03": Share("2025", 0, 1, 1, 1)},
        ),
        (
            replace(REPLIED, disposition="not_accepted", verified_on=day("2026-02-01")),
            {"OVS-02": Share("2026", 1, 1, 1, 1), "OVS-03": Share("2025", 0, 1, 1, 1)},
        ),
        (Draft(received_on=day("2026-01-01"), withdrawn_on=day("2026-01-02")), {}),
        (
            Draft(received_on=day("2026-01-01"), withdrawn_on=day("2026-03-02"), criticised_on=day("2026-02-01")),
            {"OVS-04": Share("2026", 1, 1, 1, 1)},
        ),
        (ISSUED, {"OVS-05": Share("2026", 0, 0, 0, 3)}),
        (replace(ISSUED, ran_out=True), {"OVS-05": Share("2026", 0, 3, 3, 3)}),
        # more than there are: never above the whole
        (replace(ISSUED, replied_on=day("2026-05-01"), accepted=2, explained=2), {"OVS-05": Share("2026", 3, 3, 3, 3)}),
        (
            Opinion(accepted_on=day("2025-12-31"), due_on=day("2026-01-30"), replied_on=day("2026-03-01")),
            {"OVS-06": Share("2025", 1, 1, 1, 1)},
        ),
        (FORWARDED, {"GEN-04": Share("2026", 0, 0, 0, 1), "TASK-5.2": Share("2025", 0, 0, 0, 1)}),
        (
            FORWARDED.answered(day("2026-01-21"), day("2026-01-20"), "information"),
            {"GEN-04": Share("2026", 0, 1, 1, 1), "TASK-5.2": Share("2025", 1, 1, 1, 1)},
        ),
    ],
)
def test_what_one_thing_adds(facts: Facts, expected: dict[str, Share]) -> None:
    assert shares(facts) == expected


few = st.integers(0, 9)  # the contract lets no negative number in
criticisms = st.builds(Criticism, points=few, accepted=few, partly_accepted=few, explained=few)
others = sorted({kind for kind, _ in RULES.values()} - {Criticism}, key=lambda kind: kind.kind)
items: st.SearchStrategy[Any] = st.one_of(criticisms, *(st.from_type(kind) for kind in others))


@given(items)
def test_no_part_is_above_its_whole_and_no_clock_runs_out_twice(facts: Facts) -> None:
    for share in shares(facts).values():
        assert 0 <= share.numerator <= share.denominator
        assert 0 <= share.counted <= share.expected
    assert after_its_day(facts).clock_on is None
