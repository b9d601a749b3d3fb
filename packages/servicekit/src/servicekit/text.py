"""The types of everything that comes in from outside, so that no route has to remember what is dangerous.

Pydantic runs in lax mode here (FastAPI validates parsed JSON as Python values, and strict mode would refuse the text
of a UUID or a date), so each type is strict about its own value. Import every type from this module:

    class Report(ApiModel):
        title: SafeLine
        note: Annotated[str, Text(max_length=20_000, lines=True)] | None = None
        year: Annotated[int, WholeNumber(ge=2000, le=2100)]
        value: Exact

Sources: Unicode UAX #15 (NFC, stream-safe text), OWASP "CSV Injection" (names), and the measured bad inputs of
the reliability study, sections A and B.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from servicekit.field_texts import refuse
from servicekit.request_models import unsafe_fields
from servicekit.scalars import (
    Coordinate,
    ExactNumber,
    Safe,
    TextForm,
    TrueOrFalse,
    WholeNumber,
    read_instant,
    read_legal_date,
    read_uuid,
    write_instant,
)

__all__ = [
    "Answer",
    "ApiModel",
    "Code",
    "Coded",
    "Coordinate",
    "Exact",
    "ExactNumber",
    "Flag",
    "FlagParam",
    "Instant",
    "Key",
    "Latitude",
    "LegalDate",
    "Longitude",
    "PersonName",
    "Safe",
    "SafeLine",
    "SafeText",
    "SearchText",
    "Text",
    "TrueOrFalse",
    "Uuid",
    "Whole",
    "WholeNumber",
    "WholeParam",
    "unsafe_fields",
]

# C0 except tab and newlines, DEL, C1, surrogates, noncharacters: no person's text has them and stores disagree on them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINE_BREAK = re.compile("[\t\n\r\u2028\u2029]")
_FORMULA_START: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # also full-width
# Letters and digits, without the letters that draw nothing (Hangul fillers).
_VISIBLE = re.compile("[^\\W_\u115f\u1160\u3164\uffa0]")
_BLANK_SYMBOL: Final = "\u2800"  # braille pattern blank
_MAX_MARKS: Final = 30  # UAX #15 "stream-safe"; NFC costs the square of the number of marks in a row


@dataclass(frozen=True, slots=True)
class Text(Safe):
    """Free text: NFC, no control characters, something visible; lengths count characters after normalising.

    Right-to-left marks, emoji, HTML and formulas are kept as given (outputs escape them), except in names.
    `lines` allows line breaks, which become a newline; `name` adds the rules for a person's name.
    """

    max_length: int
    min_length: int = 1
    lines: bool = False
    name: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a strict string followed by `check`."""
        return core_schema.no_info_after_validator_function(self.check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return text with its bounds."""
        return {"type": "string", "minLength": self.min_length, "maxLength": self.max_length}

    def check(self, value: str) -> str:
        """Return the normalised text or refuse it."""
        if len(value) > 3 * self.max_length:  # NFD writes a Vietnamese letter with at most three characters
            refuse("text_too_long", max_length=self.max_length)
        if _CONTROL.search(value):
            refuse("text_character")
        if not value.isascii() and not unicodedata.is_normalized("NFC", value):
            if _mark_run().search(value):
                refuse("text_marks")
            value = unicodedata.normalize("NFC", value)
        if self.lines:
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        else:
            value = value.strip()
            if _LINE_BREAK.search(value):
                refuse("text_line")
        if len(value) > self.max_length:
            refuse("text_too_long", max_length=self.max_length)
        if not _is_visible(value):
            refuse("text_blank")
        if len(value) < self.min_length:
            refuse("text_too_short", min_length=self.min_length)
        if self.name:
            _check_name(value)
        return value


def _is_visible(value: str) -> bool:
    return _VISIBLE.search(value) is not None or any(
        unicodedata.category(character)[0] in "PS" and character != _BLANK_SYMBOL for character in value
    )


def _check_name(value: str) -> None:
    hidden = any(unicodedata.category(character) in ("Cf", "Co", "Cn") for character in value)
    if hidden or value.startswith(_FORMULA_START) or not any(map(str.isalpha, value)):
        refuse("name_invalid")


@cache
def _mark_run() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, 0x1E94B) if unicodedata.combining(chr(code)))
    return re.compile(f"[{marks}]{{{_MAX_MARKS + 1}}}")


@dataclass(frozen=True, slots=True)
class Coded(Safe):
    """Text of which a pattern fixes every character, such as a code; the pattern covers the whole value."""

    pattern: str
    max_length: int = 64

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a strict string followed by the pattern."""
        whole = re.compile(self.pattern, re.ASCII)

        def check(value: str) -> str:
            if len(value) > self.max_length or whole.fullmatch(value) is None:
                refuse("code_invalid")
            return value

        return core_schema.no_info_after_validator_function(check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return text with the pattern, anchored, and the length."""
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.max_length}


SafeText = Annotated[str, Text(max_length=5000, lines=True)]
"""Text of a person, up to 5,000 characters, line breaks allowed."""
SafeLine = Annotated[str, Text(max_length=300)]
"""One line, up to 300 characters, without outer spaces."""
PersonName = Annotated[str, Text(max_length=200, name=True)]
"""A person's name: one line with letters, nothing hidden, no start of a spreadsheet formula."""
SearchText = Annotated[str, Text(max_length=200)]
"""What a person types into a search box; match it literally (`vietnamese.contains`)."""
Code = Annotated[str, Coded("[A-Za-z0-9][A-Za-z0-9._/-]*")]
"""A code of letters, digits and . _ / - up to 64 characters."""
Key = Annotated[str, Coded("[a-z][a-z0-9_]*")]
"""A name for machines: lower case letters, digits and underscore, up to 64 characters."""
Whole = Annotated[int, WholeNumber()]
"""A whole number of a JSON body, within 64 bits."""
WholeParam = Annotated[int, WholeNumber(text=True)]
"""A whole number of a path or query parameter."""
Flag = Annotated[bool, TrueOrFalse()]
"""true or false of a JSON body."""
FlagParam = Annotated[bool, TrueOrFalse(text=True)]
"""true or false of a query parameter."""
Exact = Annotated[Decimal, ExactNumber()]
"""An exact decimal number: JSON number or text in, text out."""
Latitude = Annotated[float, Coordinate(90)]
"""Degrees north of the equator."""
Longitude = Annotated[float, Coordinate(180)]
"""Degrees east of Greenwich."""
Instant = Annotated[datetime, TextForm(read_instant, write_instant, "date-time")]
"""A moment: RFC 3339 text with a zone; held in UTC."""
LegalDate = Annotated[date, TextForm(read_legal_date, date.isoformat, "date")]
"""A day of Asia/Ho_Chi_Minh: YYYY-MM-DD."""
Uuid = Annotated[UUID, TextForm(read_uuid, str, "uuid")]
"""An id: the 36 characters of a UUID."""


class ApiModel(BaseModel):
    """Parent of every request body: unknown fields are refused, the model cannot change, errors hold no input."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """Parent of every response body; built by our own code, so its fields may be plain types.

    Fields with a default are always in the answer, and the OpenAPI document says so.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, from_attributes=True, json_schema_serialization_defaults_required=True
    )
