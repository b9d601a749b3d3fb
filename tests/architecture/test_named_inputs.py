"""Group D of the bad inputs (reliability §6, rows 68-82): each row names the tests that hold it, and they exist."""

from pathlib import Path

import pytest

MATRIX = "tests/end_to_end/test_access_matrix.py::test_every_cell_answers_as_the_reviewed_table_says"
RULES = "tests/end_to_end/test_access_rules.py"
EDGE = "packages/servicekit/tests/test_transaction_edge.py"
ROWS = {
    68: [MATRIX],
    69: [MATRIX],
    70: [f"{RULES}::test_a_change_cannot_touch_what_is_not_for_callers_to_set"],
    71: [MATRIX, "tests/architecture/test_access_table.py::test_an_auditor_and_a_citizen_change_nothing"],
    72: [
        "services/targets/tests/test_targets_reports.py::test_three_persons_are_three_persons",
        "tests/architecture/test_access_table.py::test_every_two_person_rule_has_its_code_its_constraint_and_its_test",
    ],
    73: [
        "packages/servicekit/tests/test_lifecycle.py::test_a_skipped_state_is_refused",
        "services/feedback/tests/test_feedback_staff.py::test_a_skipped_state_is_a_conflict",
        "services/webhooks/tests/test_webhooks_deliveries.py::test_a_stale_version_and_a_skipped_state_are_refused",
    ],
    74: [MATRIX, "services/targets/tests/test_targets_changes.py::test_versions"],
    75: [f"{RULES}::test_who_may_change_something_must_say_which_version"],
    77: [f"{EDGE}::test_another_body_under_the_same_key_is_refused"],
    78: [f"{RULES}::test_a_remembered_answer_is_only_for_the_same_person_with_the_right_they_had"],
    79: [f"{EDGE}::test_fifty_at_once_with_one_key_make_one_row"],
    80: [MATRIX],
    81: [MATRIX, f"{RULES}::test_a_filter_for_what_is_hidden_answers_as_for_what_is_not_there"],
}
NOT_YET = {
    76: "nothing can be supported (ủng hộ) yet",
    82: "nobody can be erased yet",
}


def test_every_row_is_held_or_said_to_be_open() -> None:
    assert sorted([*ROWS, *NOT_YET]) == list(range(68, 83))


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_named_exist(row: int) -> None:
    for name in ROWS[row]:
        path, _, function = name.partition("::")
        assert f"def {function}(" in Path(path).read_text(encoding="utf-8"), name
