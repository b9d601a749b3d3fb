"""The table of bad inputs in gateway/README.md: every row of its groups is there, and the tests it names exist."""

import re
from pathlib import Path

import pytest

README = Path("gateway/README.md").read_text(encoding="utf-8")
LINES = [line for line in README.splitlines() if re.match(r"\| [CDEH] \d", line)]
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", "\n".join(LINES))


def rows_of(line: str) -> set[int]:
    """`| C 52–62, 67 | …` as the numbers it stands for."""
    found: set[int] = set()
    for part in line.split("|")[1].split()[1:]:
        first, _, last = part.strip(",").partition("–")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_every_row_of_groups_c_d_e_and_h_is_named() -> None:
    assert sorted(row for line in LINES for row in rows_of(line)) == [*range(52, 89), 101, 102, 103]


@pytest.mark.parametrize(("path", "function"), NAMED)
def test_the_tests_named_exist(path: str, function: str) -> None:
    assert f"def {function}(" in Path(path).read_text(encoding="utf-8")
