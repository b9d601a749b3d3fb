"""Numbers, moments, days and ids from outside, each read strictly from the one form it may have.

Sources: RFC 3339 (moments), RFC 9562 §4 (UUID text), PostgreSQL bigint and NUMERIC(28, 10).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from servicekit.field_texts import refuse

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200


class Safe:
    """Mark of a type that refuses what is dangerous; `request_models.unsafe_fields` looks for it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class WholeNumber(Safe):
    """A whole number that fits PostgreSQL's bigint; `text` is for path and query parameters, which are strings."""

    ge: int = INT64_MIN
    le: int = INT64_MAX
    text: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a strict integer with bounds; true, 1.0 and "12" are not whole numbers."""
        number = core_schema.int_schema(strict=True, ge=self.ge, le=self.le)
        return core_schema.no_info_before_validator_function(_whole_text, number) if self.text else number


_WHOLE_TEXT = re.compile("-?(?:0|[1-9][0-9]{0,18})")


def _whole_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _WHOLE_TEXT.fullmatch(value) is None:
        refuse("whole_invalid")
    return int(value)


@dataclass(frozen=True, slots=True)
class TrueOrFalse(Safe):
    """true or false and nothing that looks like it; `text` takes the two words from a query parameter."""

    text: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a strict boolean."""
        flag = core_schema.bool_schema(strict=True)
        return core_schema.no_info_before_validator_function(_flag_text, flag) if self.text else flag


def _flag_text(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


class _Read(Safe):
    """A type read by one function, from its text or from an instance of its Python type."""

    __slots__ = ()

    def read(self, value: Any) -> Any:
        """Return the Python value or refuse it."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """Return the JSON form."""
        raise NotImplementedError

    def describe(self, mode: str) -> dict[str, Any]:
        """Return the JSON schema; `mode` is "validation" or "serialization"."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the reading function with its JSON form."""
        to_json = core_schema.plain_serializer_function_ser_schema(self.write, when_used="json-unless-none")
        return core_schema.no_info_plain_validator_function(self.read, serialization=to_json)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what is taken or what is written."""
        return self.describe(handler.mode)


@dataclass(frozen=True, slots=True)
class ExactNumber(_Read):
    """An exact decimal from a JSON number or text like "12.50"; never "1,5", "NaN", "1e400" or " 1"."""

    ge: Decimal | None = None
    le: Decimal | None = None

    def read(self, value: Any) -> Decimal:
        """Return the number within the bounds."""
        number = read_exact(value)
        if (self.ge is not None and number < self.ge) or (self.le is not None and number > self.le):
            refuse("number_range")
        return number

    def write(self, value: Any) -> str:
        """Return plain digits."""
        return write_exact(value)

    def describe(self, mode: str) -> dict[str, Any]:
        """Return text, and also a number where the value comes in."""
        text = {"type": "string", "format": "decimal", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,10})?$"}
        if mode == "serialization":
            return text
        bounds = {"minimum": self.ge, "maximum": self.le}
        number = {"type": "number"} | {name: float(bound) for name, bound in bounds.items() if bound is not None}
        return {"anyOf": [text, number]}


@dataclass(frozen=True, slots=True)
class Coordinate(_Read):
    """Degrees of WGS 84 as a JSON number within ±limit, rounded to 6 decimals (about 0.1 m)."""

    limit: int

    def read(self, value: Any) -> float:
        """Return the degrees."""
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            refuse("coordinate_invalid")
        if isinstance(value, Decimal) and not value.is_finite():  # comparing it would raise
            refuse("coordinate_invalid")
        if not -self.limit <= value <= self.limit:  # NaN is outside too
            refuse("number_range")
        return round(float(value), 6)

    def write(self, value: Any) -> float:
        """Return the number."""
        return float(value)

    def describe(self, mode: str) -> dict[str, Any]:
        """Return a bounded number."""
        return {"type": "number", "minimum": -self.limit, "maximum": self.limit}


@dataclass(frozen=True, slots=True)
class TextForm(_Read):
    """A value with one text form, such as a day."""

    reader: Callable[[Any], Any]
    writer: Callable[[Any], str]
    format: str

    def read(self, value: Any) -> Any:
        """Return the value."""
        return self.reader(value)

    def write(self, value: Any) -> str:
        """Return the text."""
        return self.writer(value)

    def describe(self, mode: str) -> dict[str, Any]:
        """Return text of the format."""
        return {"type": "string", "format": self.format}


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_LEGAL_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL = re.compile(r"-?[0-9]{1,28}(?:\.[0-9]{1,28})?")
_WHOLE_DIGITS: Final = 18
_DECIMALS: Final = 10


def read_instant(value: object) -> datetime:
    """Return the moment in UTC from RFC 3339 text or an aware datetime; digits after microseconds are cut."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            refuse("instant_invalid")
    if not isinstance(value, datetime) or value.tzinfo is None:
        refuse("instant_invalid")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        refuse("year_range")
    moment = value.astimezone(UTC)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        refuse("year_range")
    return moment


def write_instant(value: datetime) -> str:
    """Return RFC 3339 in UTC, with "Z"."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_legal_date(value: object) -> date:
    """Return the day from YYYY-MM-DD text or a date; a datetime is refused because its day depends on a zone."""
    if isinstance(value, str) and _LEGAL_DATE.fullmatch(value):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            refuse("legal_date_invalid")
    if not isinstance(value, date) or isinstance(value, datetime):
        refuse("legal_date_invalid")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        refuse("year_range")
    return value


def read_uuid(value: object) -> UUID:
    """Return the UUID from its 8-4-4-4-12 text; braces, "urn:uuid:" and bare hex are refused."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        refuse("uuid_invalid")
    return UUID(value)


def read_exact(value: object) -> Decimal:
    """Return the exact number from text, an integer or a Decimal; fits NUMERIC(28, 10), without trailing zeros."""
    if (isinstance(value, str) and _DECIMAL.fullmatch(value)) or (
        isinstance(value, int) and not isinstance(value, bool) and INT64_MIN <= value <= INT64_MAX
    ):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        refuse("exact_invalid")
    if value.is_zero():
        return Decimal(0)
    # Bounds first: writing out 1E+999999999 would fill the memory.
    if not -_DECIMALS <= value.adjusted() < _WHOLE_DIGITS:
        refuse("exact_digits")
    plain = write_exact(value)
    if len(plain.partition(".")[2]) > _DECIMALS:
        refuse("exact_digits")
    return Decimal(plain)


def write_exact(value: Decimal) -> str:
    """Return plain digits without exponent and trailing zeros, so 12.50 and 12.5 are one value."""
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain
