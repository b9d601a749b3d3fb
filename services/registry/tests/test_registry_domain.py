"""Pure rules: throttle, passwords, succession kinds, names, calendar placement."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.calendar import misplaced
from registry.domain.organisation_kinds import organisation_name, split_name
from registry.domain.passwords import COMMON, MINIMUM, weakness
from registry.domain.succession import organisation_succession_kind
from registry.domain.throttle import ATTEMPTS, LONGEST_BLOCK, Throttle, count_attempt, seconds_blocked

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def attempts_allowed(state: Throttle | None, now: datetime, most: int = 50) -> tuple[int, Throttle | None]:
    allowed = 0
    while allowed < most and not seconds_blocked(state, now):
        state = count_attempt(state, now)
        allowed += 1
    return allowed, state


def test_five_tries_then_a_wait_that_doubles() -> None:
    state: Throttle | None = None
    now = NOW
    for wait in (15, 30, 60, 120, 240, 480, 960, 1440, 1440):
        allowed, state = attempts_allowed(state, now)
        assert allowed == ATTEMPTS
        assert seconds_blocked(state, now) == wait * 60 + 1
        assert state is not None
        assert state.blocked_until is not None
        now = state.blocked_until
    assert seconds_blocked(state, NOW + LONGEST_BLOCK * 30) == 0


def test_slow_tries_are_not_throttled_and_old_blocks_are_forgiven() -> None:
    state = None
    for number in range(20):
        state = count_attempt(state, NOW + timedelta(minutes=16) * number)
        assert state.blocked_until is None
    _, blocked = attempts_allowed(None, NOW)
    later = NOW + timedelta(days=3)
    _, again = attempts_allowed(blocked, later)
    assert seconds_blocked(again, later) == 15 * 60 + 1


@given(st.lists(st.integers(min_value=0, max_value=3600), max_size=60))
def test_never_more_than_ten_tries_in_an_hour(pauses: list[int]) -> None:
    state, now, tries = None, NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if not seconds_blocked(state, now):
            state = count_attempt(state, now)
            tries.append(now)
    for first in tries:
        hour = [each for each in tries if first <= each < first + timedelta(hours=1)]
        assert len(hour) <= 3 * ATTEMPTS


@pytest.mark.parametrize("password", sorted(COMMON))
def test_common_passwords_are_refused(password: str) -> None:
    assert weakness(password, "quantri") in ("common", "short")
    assert weakness(password.upper(), "quantri") in ("common", "short", "repeated")


@pytest.mark.parametrize(
    "password,reason",
    [
        ("a" * (MINIMUM - 1), "short"),
        ("aaaaaaaaaaaaaaaaaaaa", "repeated"),
        ("quantriquantri1", "own_name"),
        ("x" * 257, "long"),
        ("người dân biết, dân bàn, dân làm, dân kiểm tra, dân giám sát nhé", None),
        ("ngựa đúng pin ghim", None),
    ],
)
def test_passwords(password: str, reason: str | None) -> None:
    assert weakness(password, "quantri") == reason


def test_listed_passwords_are_long_enough_to_matter() -> None:
    assert sum(len(password) >= MINIMUM for password in COMMON) >= 20


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
