"""The seed files: Resolution 08-NQ/TU in full (`read_document`), the terms of congress, and the first four indicators.

`read_seeds`, `indicator_rows` and `target_rows` are what migration 0003 loads, in the form it knows.
"""

import tomllib
from decimal import Decimal
from importlib.resources import files
from typing import Any

from targets.domain.resolution_ids import indicator_id, resolution_id, target_id

__all__ = [
    "indicator_id",
    "indicator_rows",
    "read_document",
    "read_seeds",
    "read_terms",
    "read_text",
    "resolution_id",
    "target_rows",
]
TEXT = "resolution-08-NQ-TU.txt"
"""The resolution's own words."""
_COLUMNS = (
    "code", "name_vi", "name_en", "clause", "quote", "kind", "unit", "direction", "whole_numbers", "numerator_vi",
    "numerator_en", "denominator_vi", "denominator_en", "responsible_vi", "source", "period_kind", "reporter_kinds",
    "reporter_level", "categories",
)  # fmt: skip


def read_seeds(name: str = "resolution_08.toml") -> dict[str, Any]:
    """Return the parsed seed file."""
    return tomllib.loads(files("targets.seeds").joinpath(name).read_text("utf-8"))


def read_document(folder: str = "resolution_08") -> dict[str, Any]:
    """Return a resolution as data from the files of a folder, in the order of their names."""
    document: dict[str, Any] = {}
    parts = sorted(files("targets.seeds").joinpath(folder).iterdir(), key=lambda part: part.name)
    for part in parts:
        for name, value in tomllib.loads(part.read_text("utf-8")).items():
            document[name] = [*document.get(name, ()), *value] if isinstance(value, list) else value
    return document


def read_text() -> str:
    """Return the text of Resolution 08-NQ/TU."""
    return files("targets.seeds").joinpath(TEXT).read_text("utf-8")


def read_terms() -> list[dict[str, Any]]:
    """Return the terms of congress."""
    terms: list[dict[str, Any]] = read_seeds("congress_terms.toml")["terms"]
    return terms


def indicator_rows(seeds: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row an indicator."""
    instrument = seeds["instrument"]
    return [
        {name: given.get(name) for name in _COLUMNS}
        | {
            "id": indicator_id(given["code"]),
            "instrument": instrument["number"],
            "issued_on": instrument["issued_on"],
            "open_questions": given["questions"],
        }
        for given in seeds["indicators"]
    ]


def target_rows(seeds: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row a target version; figures are text in the file and exact here."""
    return [
        {
            **target,
            "id": target_id(given["code"], target["number"]),
            "indicator_id": indicator_id(given["code"]),
            "value": _exact(target.get("value")),
            "valid_to": target.get("valid_to"),
            "minimum_coverage": _exact(target.get("minimum_coverage")),
        }
        for given in seeds["indicators"]
        for target in given["targets"]
    ]


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
