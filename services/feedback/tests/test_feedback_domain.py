"""Codes and receipts as pure rules."""

import hashlib
import json
import os
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from feedback.domain.codes import ALPHABET, is_well_formed, new_code, new_secret, read_code, read_secret
from feedback.domain.receipts import receipt_text

CODES = st.binary(min_size=5, max_size=5).map(new_code)


def test_a_code_looks_as_it_is_read_aloud() -> None:
    code = new_code(bytes(5))
    assert code == "NC-0000-0000-0"
    assert all(letter in ALPHABET for letter in new_code(os.urandom(5)).replace("-", "")[2:])


@given(CODES)
def test_a_code_is_read_however_it_was_typed(code: str) -> None:
    assert is_well_formed(code)
    assert read_code(code.lower().replace("-", " ")) == code
    assert read_code(code.replace("-", "")) == code
    assert read_code(code[3:].replace("0", "o").replace("1", "l")) == code


@given(CODES, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_noticed(code: str, place: int, letter: str) -> None:
    letters = code.removeprefix("NC").replace("-", "")
    wrong = letters[:place] + letter + letters[place + 1 :]
    assert is_well_formed(wrong) == (wrong == letters)


@given(CODES, st.integers(0, 7))
def test_every_swap_of_neighbours_is_noticed(code: str, place: int) -> None:
    letters = code.removeprefix("NC").replace("-", "")
    swapped = letters[:place] + letters[place + 1] + letters[place] + letters[place + 2 :]
    assert is_well_formed(swapped) == (swapped == letters)


def test_a_secret_has_130_bits() -> None:
    secret = new_secret(b"\xff" * 17)
    assert secret == "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-Z"
    assert len({new_secret(os.urandom(17)) for _ in range(1000)}) == 1000
    assert read_secret(secret.lower().replace("-", " ")) == "Z" * 26


def test_a_receipt_is_canonical() -> None:
    text = receipt_text(
        code="NC-0000-0000-0",
        text="Hẻm ngập",
        files=["aa"],
        received_at=datetime(2026, 11, 23, 2, tzinfo=UTC),
        body_id="b",
        body_name="Ủy ban MTTQ",
        issuer="nhipcau/test",
    )
    content = json.loads(text)
    assert text == json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert content["text_sha256"] == hashlib.sha256("Hẻm ngập".encode()).hexdigest()
    assert content["received_at"] == "2026-11-23T02:00:00Z"
