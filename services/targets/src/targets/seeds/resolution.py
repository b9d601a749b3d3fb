"""Turns the resolution's seed file into rows; ids follow from the codes, so every installation has the same."""

import tomllib
from decimal import Decimal
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

SPACE = UUID("7d3a4c1e-5b0e-5d53-9f0a-08a2d1c7e4b6")
"""Namespace of the ids made from codes."""
_COLUMNS = (
    "code", "name_vi", "name_en", "clause", "quote", "kind", "unit", "direction", "whole_numbers", "numerator_vi",
    "numerator_en", "denominator_vi", "denominator_en", "responsible_vi", "source", "period_kind", "reporter_kinds",
    "reporter_level", "categories",
)  # fmt: skip


def read_seeds(name: str = "resolution_08.toml") -> dict[str, Any]:
    """Return the parsed seed file."""
    return tomllib.loads(files("targets.seeds").joinpath(name).read_text("utf-8"))


def resolution_id(number: str) -> UUID:
    """Return the id of the resolution with this number."""
    return uuid5(SPACE, f"resolution:{number}")


def indicator_id(code: str) -> UUID:
    """Return the id of the indicator with this code."""
    return uuid5(SPACE, f"indicator:{code}")


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
            "id": uuid5(SPACE, f"target:{given['code']}:{target['number']}"),
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
