"""Every event has one producer, a stream that takes it, and no producer invents one."""

import re
import tomllib
from pathlib import Path

import pytest

from contracts.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
EVENT = re.compile(r'"([a-z]+\.[a-z_]+\.[a-z_]+\.v\d+)"')


def said_by(service: str) -> set[str]:
    folder = ROOT / f"services/{service}/src/{service}"
    files = [*folder.glob("publish.py"), *folder.glob("publish/*.py")]
    return {name for file in files for name in EVENT.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_owner_publishes_it(name: str) -> None:
    assert name in said_by(CATALOGUE[name].owner)


@pytest.mark.parametrize("service", sorted({event.owner for event in CATALOGUE.values()}))
def test_no_service_publishes_what_is_not_in_the_catalogue(service: str) -> None:
    assert all(CATALOGUE[name].owner == service for name in said_by(service))


def test_every_owner_has_a_stream_for_its_subjects() -> None:
    streams = tomllib.loads((ROOT / "deploy/nats/streams.toml").read_text(encoding="utf-8"))["streams"]
    for event in CATALOGUE.values():
        assert streams[event.owner.upper()]["subjects"] == [f"{event.owner}.>"]
