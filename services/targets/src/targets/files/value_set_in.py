"""A DHIS2 data value set (JSON) as a table: the values of one indicator, period and organisation become one row.

    {"period": "202503", "orgUnit": "front_committee/31135", "dataValues": [
      {"dataElement": "TGT-01", "categoryOptionCombo": "numerator", "value": "740"},
      {"dataElement": "TGT-01", "categoryOptionCombo": "denominator", "value": "1000"}]}

`dataElement` is the indicator's code; `categoryOptionCombo` says which number of it: numerator (also when left out, or
"default"), denominator, or the key of a category. `orgUnit` is an organisation's id, or its kind and unit code.
Source: DHIS2 Web API, "Data values", JSON form of a data value set.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from servicekit.errors import Invalid
from targets.domain.import_refusals import EmptyFile, TooManyRows
from targets.files.columns import BREAKDOWN
from targets.files.tables_of_text import MAX_COLUMNS, MAX_ROWS, Cell, Row, TextTable, Unreadable

_SET_FIELDS: Final = frozenset({"dataSet", "period", "orgUnit", "dataValues"})
_VALUE_FIELDS: Final = frozenset({"dataElement", "period", "orgUnit", "categoryOptionCombo", "value", "comment"})
_NOT_OURS: Final = frozenset({"attributeOptionCombo", "storedBy", "created", "lastUpdated", "followup"})
"""What DHIS2 itself writes into each value it exports; who stored a value here is whoever imports it."""
_FIXED: Final = (
    "indicator_code",
    "period",
    "organisation_id",
    "organisation_kind",
    "unit_code",
    "numerator",
    "denominator",
    "note",
)
_MAX_VALUES: Final = MAX_ROWS


def read_value_set(document: Any) -> TextTable:
    """Return the table; a row's line is the place of its first value. Raises Invalid, EmptyFile or TooManyRows."""
    if not isinstance(document, dict) or not document.keys() <= _SET_FIELDS:
        raise _wrong("", "extra_forbidden")
    values = document.get("dataValues")
    if not isinstance(values, list):
        raise _wrong("dataValues", "missing")
    if not values:
        raise EmptyFile
    if len(values) > _MAX_VALUES:
        raise TooManyRows(rows=_MAX_VALUES, columns=MAX_COLUMNS)
    rows: dict[tuple[Any, Any, Any], dict[str, Cell]] = {}
    lines: dict[tuple[Any, Any, Any], int] = {}
    categories: dict[str, None] = {}
    for line, value in enumerate(values, start=1):
        if not isinstance(value, dict) or not value.keys() <= _VALUE_FIELDS | _NOT_OURS:
            raise _wrong(f"dataValues.{line - 1}", "extra_forbidden")
        key = tuple(
            _text(value.get(name, document.get(name)), line, name) for name in ("dataElement", "period", "orgUnit")
        )
        row = rows.setdefault(key, {})  # type: ignore[arg-type]
        lines.setdefault(key, line)  # type: ignore[arg-type]
        _put(row, value, line, categories)
    if len(categories) > MAX_COLUMNS - len(_FIXED):
        raise TooManyRows(rows=_MAX_VALUES, columns=MAX_COLUMNS)
    header = (*_FIXED, *categories)

    def each() -> Iterator[Row]:
        for key, row in rows.items():
            keys = dict(zip(_FIXED, (key[0], key[1], *_organisation(key[2])), strict=False))
            yield lines[key], [keys.get(name) or row.get(name, "") for name in header]

    return TextTable(header, each)


def _put(row: dict[str, Cell], value: Mapping[str, Any], line: int, categories: dict[str, None]) -> None:
    part = _text(value.get("categoryOptionCombo", "default"), line, "categoryOptionCombo")
    name = "numerator" if part == "default" else part
    if name not in ("numerator", "denominator"):
        name = BREAKDOWN + name
        categories.setdefault(name)
    # The same number twice is not ours to choose from.
    row[name] = Unreadable("value_twice") if name in row else _number(value.get("value"))
    comment = value.get("comment")
    if comment is not None:
        row["note"] = _text(comment, line, "comment")


def _organisation(unit: str) -> tuple[str, str, str]:
    kind, slash, code = unit.partition("/")
    return ("", kind, code) if slash else (unit, "", "")


def _number(value: Any) -> Cell:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return Unreadable("cell_unreadable")
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 40 else Unreadable("number_not_exact")
    return str(value)


def _text(value: Any, line: int, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(f"dataValues.{line - 1}.{name}", "missing" if value is None else "string_type")
    return value


def _wrong(field: str, code: str) -> Invalid:
    return Invalid(errors=[{"field": field, "code": code}])
