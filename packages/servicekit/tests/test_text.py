"""Good input stays whole, and no input fails in an unforeseen way; test_text_refused has the bad inputs."""

import json
import time
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from servicekit import strict_json
from servicekit.field_texts import FIELD_TEXTS, field_text
from servicekit.text import (
    Answer,
    ApiModel,
    Code,
    Exact,
    Flag,
    FlagParam,
    Instant,
    Latitude,
    LegalDate,
    PersonName,
    SafeLine,
    SafeText,
    Uuid,
    Whole,
    WholeParam,
)


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def code_of(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    return str(caught.value.errors()[0]["type"])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (SafeText, "😀" * 5000, "😀" * 5000),
        (SafeText, "dòng 1\r\ndòng 2\rdòng 3", "dòng 1\ndòng 2\ndòng 3"),
        (SafeText, "!?", "!?"),
        (SafeText, "a\u202eb <script>alert(1)</script> {{7*7}} ${jndi:x} %s", None),
        (SafeText, "=HYPERLINK(1)", None),
        (SafeLine, "  Đường 30/4  ", "Đường 30/4"),
        (PersonName, "Đặng Thị Ngọc-Ánh", None),
        (PersonName, "Ngo\u0302 Va\u0306n A\u0301nh", "Ngô Văn Ánh"),
        (Code, "31147", None),
        (Whole, 2**63 - 1, None),
        (WholeParam, "-5", -5),
        (WholeParam, "9223372036854775807", 2**63 - 1),
        (FlagParam, "false", False),
        (Exact, "12.50", Decimal("12.5")),
        (Exact, Decimal("1E+3"), Decimal(1000)),
        (Exact, "-0", Decimal(0)),
        (Exact, Decimal("0E+999999999"), Decimal(0)),
        (Exact, "999999999999999999.0123456789", Decimal("999999999999999999.0123456789")),
        (Exact, -7, Decimal(-7)),
        (Latitude, Decimal("10.0451618"), 10.045162),
        (Instant, "2026-11-23T08:00:00.123456789+07:00", datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)),
        (Instant, "2026-11-23t01:00:00z", datetime(2026, 11, 23, 1, tzinfo=UTC)),
        (LegalDate, "2028-02-29", date(2028, 2, 29)),
        (Uuid, "0198A7B2-0000-7000-8000-00000000000F", UUID("0198a7b2-0000-7000-8000-00000000000f")),
    ],
)
def test_taken(kind: Any, value: object, expected: object) -> None:
    assert read(kind, value) == (value if expected is None else expected)


class Everything(ApiModel):
    text: SafeText
    amount: Exact
    at: Instant
    on: LegalDate
    id: Uuid
    latitude: Latitude
    sure: Flag


BODY = {
    "text": "Nước ngập",
    "amount": "0.30",
    "at": "2026-11-23T08:00:00+07:00",
    "on": "2026-11-23",
    "id": "00000000-0000-0000-0000-000000000001",
    "latitude": 10.5,
    "sure": True,
}


def test_json_form_comes_back_as_it_would_be_sent() -> None:
    made = Everything.model_validate(BODY | {"latitude": Decimal("10.5")})
    sent = json.loads(made.model_dump_json())
    assert sent == BODY | {"amount": "0.3", "at": "2026-11-23T01:00:00Z"}
    assert Everything.model_validate(sent) == made
    assert made.model_dump(mode="json") == sent


def test_a_fraction_keeps_every_digit_from_the_body_to_the_answer() -> None:
    document = strict_json.parse(json.dumps(BODY).replace('"0.30"', "0.1").encode())
    assert Everything.model_validate(document).amount + Decimal("0.2") == Decimal("0.3")


def test_unknown_fields_and_changes_are_refused_and_errors_hold_no_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate(BODY | {"is_admin": "bi-mat-0901234567", "text": "bi-mat\x00"})
    assert {error["type"] for error in caught.value.errors()} == {"extra_forbidden", "text_character"}
    assert "bi-mat" not in str(caught.value)
    made = Everything.model_validate(BODY)
    with pytest.raises(ValidationError):
        made.text = "b"  # type: ignore[misc]


def test_openapi_schema_says_what_is_taken_and_what_is_written() -> None:
    taken = Everything.model_json_schema()["properties"]
    written = Everything.model_json_schema(mode="serialization")["properties"]
    assert taken["text"] == {"type": "string", "minLength": 1, "maxLength": 5000, "title": "Text"}
    assert {part["type"] for part in taken["amount"]["anyOf"]} == {"string", "number"}
    assert written["amount"]["type"] == "string"
    assert (taken["at"]["format"], taken["on"]["format"], taken["id"]["format"]) == ("date-time", "date", "uuid")
    assert (taken["latitude"]["minimum"], taken["latitude"]["maximum"]) == (-90, 90)
    assert Everything.model_json_schema()["additionalProperties"] is False


def test_answers_declare_defaults_as_present() -> None:
    class Shown(Answer):
        note: str | None = None

    assert Shown.model_json_schema(mode="serialization")["required"] == ["note"]


@given(st.text(max_size=400))
def test_any_text_is_normalised_or_refused_and_twice_is_once(text: str) -> None:
    try:
        first = read(SafeText, text)
    except ValidationError:
        return
    assert read(SafeText, first) == first
    assert unicodedata.is_normalized("NFC", first)
    first.encode()
    assert not any(unicodedata.category(character) == "Cc" and character not in "\t\n" for character in first)


@given(st.one_of(st.text(), st.integers(), st.decimals(), st.floats(), st.booleans(), st.none(), st.datetimes()))
def test_no_type_fails_in_any_other_way(value: object) -> None:
    for kind in (SafeText, SafeLine, PersonName, Code, Whole, WholeParam, Flag, Exact, Latitude, Instant, LegalDate):
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            for problem in error.errors():
                assert problem["type"] in FIELD_TEXTS


@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=st.just(timezone(timedelta(hours=7)))))
def test_every_instant_survives(moment: datetime) -> None:
    assert read(Instant, moment.isoformat()) == moment


@given(st.decimals(-(10**17), 10**17, places=10))
def test_every_exact_number_survives(number: Decimal) -> None:
    adapter = TypeAdapter(Exact)
    assert adapter.validate_python(json.loads(adapter.dump_json(adapter.validate_python(number)))) == number


def test_composed_and_decomposed_vietnamese_is_one_value() -> None:
    text = "Phường Ninh Kiều, thành phố Cần Thơ"
    assert read(SafeLine, unicodedata.normalize("NFD", text)) == read(SafeLine, text) == text


def test_marks_cannot_make_normalising_slow() -> None:
    started = time.process_time()
    for _ in range(20):
        assert code_of(SafeText, "a" + "\u0323\u0301" * 7000) == "text_marks"
    assert time.process_time() - started < 1  # without the rule each takes about 0.2 s


def test_field_texts_in_both_languages() -> None:
    assert field_text("text_too_long", "vi", {"max_length": 5}) == "Nội dung dài hơn 5 ký tự."
    assert field_text("text_too_long", "en", {"max_length": 5}) == "The text is longer than 5 characters."
    assert field_text("nothing", "vi") is None
    with pytest.raises(ValidationError) as caught:
        read(SafeLine, "x" * 301)
    assert caught.value.errors()[0]["msg"] == "The text is longer than 300 characters."
