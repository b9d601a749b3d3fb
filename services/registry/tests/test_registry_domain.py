"""Pure rules: succession kinds, names, calendar placement."""

from datetime import date

import pytest

from registry.domain.calendar import misplaced
from registry.domain.organisation_kinds import organisation_name, split_name
from registry.domain.succession import organisation_succession_kind


@pytest.mark.parametrize(
    "share,predecessors,kind",
    [
        ("whole", 3, "MERGE"),
        ("whole", 1, "RENAME"),
        ("part", 4, "SPLIT"),
        ("remainder", 2, "SPLIT"),
        ("unchanged", 1, "CONTINUE"),
    ],
)
def test_succession_kinds(share: str, predecessors: int, kind: str) -> None:
    assert organisation_succession_kind(share, predecessors) == kind


@pytest.mark.parametrize(
    "name,parts",
    [
        ("Phường Ninh Kiều", ("Phường", "Ninh Kiều")),
        ("Thị trấn Phong Điền", ("Thị trấn", "Phong Điền")),
        ("Thành phố Cần Thơ", ("Thành phố", "Cần Thơ")),
        ("Thị xã Ngã Năm", ("Thị xã", "Ngã Năm")),
    ],
)
def test_split_name(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_district_party_committees_have_their_own_words() -> None:
    assert organisation_name("party_committee", "Thị xã Ngã Năm", "district") == "Thị ủy Ngã Năm"
    assert organisation_name("party_committee", "Thành phố Vị Thanh", "district") == "Thành ủy Vị Thanh"


def test_where_days_may_stand() -> None:
    saturday, monday = date(2026, 1, 10), date(2026, 1, 12)
    assert not misplaced("working_saturday", saturday)
    assert misplaced("working_saturday", monday)
    assert misplaced("off_in_lieu", saturday)
    assert not misplaced("holiday", saturday)
