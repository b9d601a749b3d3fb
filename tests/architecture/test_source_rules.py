"""Rules that can be read off the source: file sizes, names, the clock, SQL, sessions."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    file
    for folder in ("packages", "services", "gateway", "deploy")
    for file in sorted((ROOT / folder).rglob("src/**/*.py"))
    if "migrations" not in file.parts
]
BELOW_THE_EDGE = ("actions", "queries", "domain", "publish", "tables")
FORBIDDEN_NAMES = re.compile(r"(utils?|helpers?|managers?|base|common|misc)\.py$")
OWN_TRANSACTIONS = {
    # A failed attempt is counted although it is refused, and no connection is held while a password is hashed.
    "services/registry/src/registry/api/tokens.py",
    "services/registry/src/registry/api/proving.py",
    "services/registry/src/registry/api/own_account.py",
    "services/registry/src/registry/api/access_codes.py",
    "services/registry/src/registry/api/client_grant.py",
    "services/registry/src/registry/api/provider_grants.py",
}
CLOCK = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(|uuid\.uuid[14]\(|random\.random")


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_is_short_and_named_by_noun_or_verb(file: Path) -> None:
    assert file.read_text(encoding="utf-8").count("\n") <= 310, "make it a folder named by noun"
    assert not FORBIDDEN_NAMES.search(file.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_clock_is_read_at_the_edge_only(file: Path) -> None:
    inside = file.relative_to(ROOT).parts
    if inside[0] == "services" and any(part.removesuffix(".py") in BELOW_THE_EDGE for part in inside):
        assert not CLOCK.search(file.read_text(encoding="utf-8")), "take `now` and ids as arguments"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_sql_is_put_together_from_constants_only(file: Path) -> None:
    if file.relative_to(ROOT).parts[0] == "deploy":
        return
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "text":
            for part in (one for argument in node.args for one in ast.walk(argument)):
                if isinstance(part, ast.FormattedValue):
                    assert isinstance(part.value, ast.Name), f"line {node.lineno}"
                    assert part.value.id.isupper(), f"line {node.lineno}: {part.value.id} is no constant"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_sessions_come_from_the_two_aliases_only(file: Path) -> None:
    inside = file.relative_to(ROOT).parts
    if "api" in inside and inside[0] == "services" and str(file.relative_to(ROOT)) not in OWN_TRANSACTIONS:
        source = file.read_text(encoding="utf-8")
        assert "create_async_engine" not in source
        assert ".write()" not in source, "use WriteSession"
