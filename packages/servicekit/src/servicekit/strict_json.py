"""Reads a JSON body the way RFC 8259 means it, refusing what makes stores and people disagree.

Refused: duplicate keys, NaN and Infinity, lone surrogates, NUL in strings, nesting deeper than 20, other encodings
than UTF-8. Numbers with a fraction become `Decimal`, so no digit is lost (reliability §6 A, rows 1-13).
"""

import json
from decimal import Decimal
from typing import Any

from servicekit.errors import Invalid, Malformed

MAX_DEPTH = 20
_MAX_DIGITS = 40


class DuplicateKey(Invalid):
    """A JSON object names the same field twice."""

    code = "duplicate_key"
    vi = "Một trường được ghi hai lần trong cùng đối tượng JSON. Hãy bỏ bớt một."
    en = "A field is given twice in one JSON object. Remove one of them."


class NotANumber(Invalid):
    """NaN, Infinity or a number with too many digits."""

    code = "not_a_number"
    vi = "Có một số không hợp lệ (NaN, vô cực hoặc quá nhiều chữ số)."
    en = "A number is not valid (NaN, infinity or too many digits)."


class TooDeep(Invalid):
    """The JSON is nested deeper than any document of ours."""

    code = "too_deep"
    vi = "JSON lồng quá sâu (tối đa 20 lớp)."
    en = "The JSON is nested too deeply (20 levels at most)."


class BrokenText(Invalid):
    """A string holds NUL or half of a surrogate pair."""

    code = "broken_text"
    vi = "Có chuỗi chứa ký tự không hợp lệ (NUL hoặc mã Unicode bị đứt)."
    en = "A string holds an invalid character (NUL or a broken Unicode pair)."


def parse(body: bytes) -> Any:
    """Return the parsed document. Raises Malformed, DuplicateKey, NotANumber, TooDeep or BrokenText."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed from error
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(document, 0)
    if "\\" in text or "\x00" in text:
        _check_text(document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise DuplicateKey
    return result


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if len(text) > _MAX_DIGITS or abs(value.adjusted()) > _MAX_DIGITS:
        raise NotANumber
    return value


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise NotANumber
    return int(text)


def _refuse_constant(_: str) -> None:
    raise NotANumber


def _check_depth(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TooDeep
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _check_depth(child, depth + 1)


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BrokenText
    elif isinstance(value, dict):
        for key, child in value.items():
            _check_text(key)
            _check_text(child)
    elif isinstance(value, list):
        for child in value:
            _check_text(child)
