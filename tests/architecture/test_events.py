"""Every event has one producer, a stream that takes it, and no producer invents one."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from contracts.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
EVENT = re.compile(r"[a-z]+\.[a-z_]+\.[a-z_]+\.v\d+")
SERVICES = sorted({event.owner for event in CATALOGUE.values()})


def said_by(service: str) -> set[str]:
    """Return the event types a service's publish module can build: written out, or from a pattern and a word."""
    folder = ROOT / f"services/{service}/src/{service}"
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in folder.glob("publish*/*.py")]
    trees += [ast.parse(file.read_text(encoding="utf-8")) for file in folder.glob("publish.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    patterns = [_pattern(node) for node in nodes if isinstance(node, ast.JoinedStr)]
    built = {pattern.replace("*", word) for pattern in patterns for word in words if pattern.count("*") == 1}
    return {name for name in words | built if EVENT.fullmatch(name)}


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in text.values)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_owner_publishes_it_or_the_catalogue_says_that_nobody_does_yet(name: str) -> None:
    assert (name in said_by(CATALOGUE[name].owner)) == CATALOGUE[name].told


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_writes_out_is_in_the_catalogue_and_its_own(service: str) -> None:
    folder = ROOT / f"services/{service}/src/{service}"
    for file in folder.glob("publish*"):
        for source in [file] if file.is_file() else file.glob("*.py"):
            for name in EVENT.findall(source.read_text(encoding="utf-8")):
                assert CATALOGUE[name].owner == service


def test_every_owner_has_a_stream_for_its_subjects() -> None:
    streams = tomllib.loads((ROOT / "deploy/nats/streams.toml").read_text(encoding="utf-8"))["streams"]
    for event in CATALOGUE.values():
        assert streams[event.owner.upper()]["subjects"] == [f"{event.owner}.>"]
