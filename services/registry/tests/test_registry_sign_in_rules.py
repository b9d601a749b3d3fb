"""Pure rules of signing in: which passwords are taken, how many tries there are, which one-time codes fit."""

import base64
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.passwords import MAXIMUM, MINIMUM
from registry.domain.roles import DECIDING, PERSON_ROLES
from registry.domain.second_factor import is_secret, matching_step, otpauth_address, written_alike
from registry.domain.throttle import (
    BY_ADDRESS,
    BY_NAME,
    Limit,
    Throttle,
    count_attempt,
    forgive_attempt,
    seconds_blocked,
)
from registry.passwords import password_weakness
from servicekit.text import Text

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ABOUT = ("lan.nguyen92", "Nguyễn Thị Hương Lan", "Ủy ban nhân dân phường Ninh Kiều")


def attempts_allowed(
    state: Throttle | None, now: datetime, limit: Limit = BY_NAME, most: int = 100
) -> tuple[int, Throttle | None]:
    allowed = 0
    while allowed < most and not seconds_blocked(state, now):
        state = count_attempt(state, now, limit)
        allowed += 1
    return allowed, state


def test_five_tries_then_a_wait_that_doubles_up_to_an_hour() -> None:
    state: Throttle | None = None
    now = NOW
    for wait in (15, 30, 60, 60, 60):
        allowed, state = attempts_allowed(state, now)
        assert allowed == BY_NAME.attempts == 5
        assert seconds_blocked(state, now) == wait * 60 + 1
        assert state is not None
        assert state.blocked_until is not None
        now = state.blocked_until


def test_an_address_has_more_tries_and_its_wait_does_not_double() -> None:
    state: Throttle | None = None
    now = NOW
    for _ in range(3):
        allowed, state = attempts_allowed(state, now, BY_ADDRESS)
        assert allowed == BY_ADDRESS.attempts == 50
        assert seconds_blocked(state, now) == 15 * 60 + 1
        assert state is not None
        assert state.blocked_until is not None
        now = state.blocked_until


def test_tries_that_succeed_do_not_count_for_an_address() -> None:
    state: Throttle | None = None
    for _ in range(500):
        assert not seconds_blocked(state, NOW)
        state = forgive_attempt(count_attempt(state, NOW, BY_ADDRESS), NOW, BY_ADDRESS)
    for _ in range(49):
        state = count_attempt(state, NOW, BY_ADDRESS)
    for _ in range(3):  # the fiftieth is somebody who knows the password: nobody is shut out
        state = forgive_attempt(count_attempt(state, NOW, BY_ADDRESS), NOW, BY_ADDRESS)
        assert not seconds_blocked(state, NOW)
    assert seconds_blocked(count_attempt(state, NOW, BY_ADDRESS), NOW)


def test_slow_tries_are_not_throttled_and_old_blocks_are_forgiven() -> None:
    state = None
    for number in range(20):
        state = count_attempt(state, NOW + timedelta(minutes=16) * number, BY_NAME)
        assert state.blocked_until is None
    _, blocked = attempts_allowed(None, NOW)
    later = NOW + timedelta(days=3)
    _, again = attempts_allowed(blocked, later)
    assert seconds_blocked(again, later) == 15 * 60 + 1


@given(st.lists(st.integers(min_value=0, max_value=3600), max_size=60))
def test_never_more_than_fifteen_tries_in_an_hour(pauses: list[int]) -> None:
    state, now, tries = None, NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if not seconds_blocked(state, now):
            state = count_attempt(state, now, BY_NAME)
            tries.append(now)
    for first in tries:
        hour = [each for each in tries if first <= each < first + timedelta(hours=1)]
        assert len(hour) <= 3 * BY_NAME.attempts


LEAKED = (
    "123456789012345",
    "1234567890123456",
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfgh",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv",
    "passwordpassword",
    "password123456789",
    "administrator123",
    "correcthorsebatterystaple",
    "Correct Horse Battery Staple",
    "iloveyouiloveyou",
    "anhyeuemnhieulam",
    "iloveyouforever",
    "qwertyuiop123456",
    "!Markus1000!123",
    "spongebobsquarepants",
    "ILOVEYOUILOVEYOU",
    "1q2w3e4r5t6y7u8i9o0p",
)
DERIVED = (
    "changemechangeme",
    "letmeinletmein123",
    "mật khẩu mật khẩu 2026",
    "MatKhau123456789!",
    "Cần Thơ 2026 Cần Thơ",
    "mặt trận tổ quốc việt nam",
    "nhipcau.cantho.2026",
    "quản trị 1234567890",
    "asdfghjkl;zxcvbnm",
    "9876543210fedcba!!",
    "Admin@@@@@@@@@@2026",
    "tyuiop[]hjkl;'vbnm,.",
)


@pytest.mark.parametrize("password", LEAKED)
def test_leaked_passwords_are_refused(password: str) -> None:
    assert password_weakness(password) == "common"


@pytest.mark.parametrize("password", DERIVED)
def test_passwords_made_of_what_everybody_tries_are_refused(password: str) -> None:
    assert password_weakness(password, ABOUT) in ("predictable", "common")


@pytest.mark.parametrize(
    "password",
    ["lan.nguyen92lan.nguyen92!", "Nguyễn Thị Hương Lan 1992", "phường Ninh Kiều 2026", "nguyenhuonglan-92"],
)
def test_passwords_made_of_ones_own_names_are_refused(password: str) -> None:
    assert password_weakness(password, ABOUT) in ("own_name", "predictable")


@pytest.mark.parametrize("password", ["a", "ngắn", "12345678", "Aa1!Aa1!", "mật khẩu tôi", "x" * 14, "ba mươi sáu ạ",
                                      "P@ssw0rd", "hai từ", "kmqzpwxvtrbnfd"])  # fmt: skip
def test_short_passwords_are_refused_whatever_they_are_made_of(password: str) -> None:
    assert len(password) < MINIMUM
    assert password_weakness(password) == "short"


@pytest.mark.parametrize("unit", ["a", "ab", "abc1", "xin chao"])
def test_repetition_is_refused(unit: str) -> None:
    assert password_weakness((unit * 30)[:40]) in ("repeated", "common")


def test_length_is_what_counts_and_no_class_of_characters_is_asked_for() -> None:
    phrase = "dưới bóng dừa xanh bà ngoại kể chuyện con cò lội bờ ao mỗi chiều"
    assert len(phrase) == 64
    decomposed = unicodedata.normalize("NFD", phrase)
    assert decomposed != phrase
    assert Text(max_length=MAXIMUM, lines=True).check(decomposed) == phrase
    for good in (phrase, "ngựa đúng pin ghim", "kmqzpwxvtrbnfdg", "p3f9a04bc17e8825d6"):
        assert password_weakness(good, ABOUT) is None
    assert password_weakness("mưa" * 90) == "long"


@pytest.mark.parametrize(
    "moment,code",
    [
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    now = datetime.fromtimestamp(moment, UTC)
    assert matching_step(secret, code, now) == moment // 30
    for steps, taken in ((-2, False), (-1, True), (1, True), (2, False)):
        found = matching_step(secret, code, now + timedelta(seconds=30 * steps))
        assert (found == moment // 30) is taken
    assert matching_step(secret, "000000", now) is None


def test_secrets_are_long_enough_and_codes_forgive_how_they_are_written() -> None:
    assert is_secret("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    for bad in ("", "abcdefghijklmnopqrstuvwxyz234567", "ABCDEFGH", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567X", "!" * 32):
        assert not is_secret(bad)
    assert written_alike("ABCD-efgh ijkl-mnop") == "abcdefghijklmnop"
    address = otpauth_address("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "lan")
    assert address.startswith("otpauth://totp/")
    assert "secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" in address


def test_every_role_that_decides_is_one_a_person_can_hold_and_says_why() -> None:
    assert DECIDING.keys() < PERSON_ROLES
    assert all(DECIDING.values())
    assert {"administrator", "head", "verifier", "approver", "data_protection_officer"} <= DECIDING.keys()
