"""`ops apply`: what it reads and shows; the whole way against a running stack is in tests/end_to_end."""

from pathlib import Path

import pytest

from devstack.ops.apply import read, show
from devstack.processes import StackError


def test_a_file_that_is_no_document_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    with pytest.raises(StackError, match="there is no file"):
        read(file)
    file.write_text("- just\n- a list\n")
    with pytest.raises(StackError, match="must hold sections"):
        read(file)
    file.write_text("people: [unclosed\n")
    with pytest.raises(StackError, match="not readable YAML"):
        read(file)


def test_days_stay_days_and_code_cannot_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text("days: [{date: 2027-02-05}]\n")
    assert read(file) == {"days": [{"date": "2027-02-05"}]}
    file.write_text("people: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(StackError, match="not readable YAML"):
        read(file)


def test_the_difference_is_shown_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [
        {"section": "rules", "key": "FB.RESOLVE", "kind": "change", "shown_once": {},
         "differences": [{"name": "amount", "before": "15", "after": "12"}]},
        {"section": "people", "key": "an", "kind": "same", "shown_once": {}, "differences": []},
        {"section": "people", "key": "binh", "kind": "add", "differences": [],
         "shown_once": {"invitation_code": "abc"}},
    ]  # fmt: skip
    assert show(changes) == 2
    assert capsys.readouterr().out.splitlines() == [
        "~ rules FB.RESOLVE",
        "    amount: 15 → 12",
        "people binh: invitation_code abc",
    ]
    assert show(changes, only_secrets=True) == 2
    assert capsys.readouterr().out.splitlines() == ["people binh: invitation_code abc"]
