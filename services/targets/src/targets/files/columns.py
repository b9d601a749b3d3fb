"""The columns of a file of values, by the names that files carry."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from targets.domain.import_refusals import UnknownColumns

KEY_COLUMN: Final = "indicator_code"
KEYS: Final = (KEY_COLUMN, "period", "organisation_id", "unit_code", "organisation_kind")
VALUES: Final = ("numerator", "denominator", "counting_method", "denominator_source", "note")
FOR_READING: Final = ("organisation_name", "indicator_name")
"""Columns of the template that help whoever fills it in; an import does not look at them."""
BREAKDOWN: Final = "breakdown."
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}(?:\.[a-z][a-z0-9_]{0,63})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column stands; `breakdown` has the place and the key of each category."""

    places: dict[str, int]
    breakdown: tuple[tuple[int, str], ...]
    width: int


def normal(name: str) -> str:
    """Return a column's name as it is compared: without outer spaces, in lower case."""
    return name.strip().lower()


def place_columns(header: Sequence[str], *, deleting: bool = False) -> Columns:
    """Return the places of the columns; `deleting` needs no values. Raises UnknownColumns with everything wrong."""
    places: dict[str, int] = {}
    breakdown: list[tuple[int, str]] = []
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    for place, name in enumerate(header):
        if name in seen:
            errors.append(_error(place, "column_twice", "Cột bị lặp lại.", "The column stands there twice."))
        elif name in KEYS or name in VALUES or name in FOR_READING:
            places[name] = place
        elif name.startswith(BREAKDOWN) and _CATEGORY.fullmatch(name, len(BREAKDOWN)):
            breakdown.append((place, name.removeprefix(BREAKDOWN)))
        else:
            errors.append(_error(place, "column_unknown", "Không có cột tên này.", "No column has this name."))
        seen.add(name)
    for name in (KEY_COLUMN, "period", *(() if deleting else ("numerator",))):
        if name not in places:
            errors.append(_missing(name))
    if "organisation_id" not in places and not {"unit_code", "organisation_kind"} <= places.keys():
        errors.append(_missing("organisation_id"))
    if errors:
        raise UnknownColumns(errors=errors)
    return Columns(places, tuple(breakdown), len(header))


def _error(place: int, code: str, vi: str, en: str) -> dict[str, Any]:
    # The name is something a person typed; where it stood is enough.
    return {"field": f"column {place + 1}", "code": code, "vi": vi, "en": en}


def _missing(name: str) -> dict[str, Any]:
    return {"field": name, "code": "column_missing", "vi": "Thiếu cột này.", "en": "This column is missing."}
