"""One judgement for every surface: whoever shows a status asks `domain.progress.assess`, never the bare comparison."""

import ast
from pathlib import Path

import pytest

TARGETS = Path(__file__).parents[2] / "services/targets/src/targets"
JUDGING = "targets.domain.judging"
ALLOWED = {"domain/progress.py"}


def judges(source: str) -> bool:
    """Say whether a module can call `judge`: by its name, by a star, or through its module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(one.name == JUDGING for one in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            names = {one.name for one in node.names}
            if node.module == JUDGING and names & {"judge", "*"}:
                return True
            if node.module == "targets.domain" and names & {"judging", "*"}:
                return True
    return False


def test_only_progress_judges() -> None:
    found = {
        str(file.relative_to(TARGETS)) for file in TARGETS.rglob("*.py") if judges(file.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED, "ask targets.domain.progress.assess"


@pytest.mark.parametrize(
    "planted, caught",
    [
        ("from targets.domain.judging import Coverage, judge", True),
        ("from targets.domain.judging import judge as judged", True),
        ("from targets.domain.judging import *", True),
        ("import targets.domain.judging", True),
        ("from targets.domain import judging as rules", True),
        ("def late() -> None:\n    from targets.domain.judging import judge", True),
        ("from targets.domain.judging import Coverage, Judgement", False),
        ("from targets.queries.judging import asked_about", False),
    ],
)
def test_every_way_to_reach_it_is_caught(planted: str, caught: bool) -> None:
    assert judges(planted) is caught
