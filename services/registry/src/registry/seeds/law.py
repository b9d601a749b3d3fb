"""Rows of the work calendar, of legal instruments and of deadline rules, read from the files beside this module."""

import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

from registry.domain import ids
from registry.seeds.territory import read_csv

Row = dict[str, Any]


def calendar_days() -> Iterator[Row]:
    """Yield the days of 2024 to 2027 that differ from the ordinary week."""
    for row in read_csv("calendar.csv"):
        day = date.fromisoformat(row["date"])
        yield row | {"id": ids.calendar_day_id(day), "date": day, "confirmed": row["confirmed"] == "true"}


def calendar_years() -> Iterator[Row]:
    """Yield which years' days off are known."""
    for row in read_csv("calendar_years.csv"):
        year = int(row["year"])
        yield row | {"id": ids.calendar_year_id(year), "year": year, "confirmed": row["confirmed"] == "true"}


def _read_toml(name: str) -> Row:
    return tomllib.loads((files("registry.seeds") / name).read_text("utf-8"))


def instruments() -> tuple[list[Row], list[Row]]:
    """Return the rows of instruments (replacing ones first) and of their provisions."""
    found: list[Row] = []
    provisions: list[Row] = []
    for entry in _read_toml("instruments.toml")["instrument"]:
        code = entry["code"]
        for provision in entry.pop("provision", ()):
            provision_id = ids.provision_id(code, provision["article"], provision["clause"])
            provisions.append({"id": provision_id, "instrument_id": ids.instrument_id(code)} | provision)
        successor = entry.pop("replaced_by", None)
        found.append(
            {"issued_on": None, "valid_from": None, "valid_to": None, "note": None}
            | entry
            | {"id": ids.instrument_id(code), "replaced_by_id": successor and ids.instrument_id(successor)}
        )
    return sorted(found, key=lambda row: row["replaced_by_id"] is not None), provisions


def deadline_rules() -> Iterator[Row]:
    """Yield version 1 of every rule."""
    for entry in _read_toml("deadline_rules.toml")["rule"]:
        written = entry.pop("written", None)
        yield (
            {"basis": None, "note": None}
            | entry
            | {
                "id": ids.rule_id(entry["key"], 1),
                "rule_version": 1,
                "provision_id": ids.provision_id(*written) if written else None,
                "valid_to": None,
            }
        )
