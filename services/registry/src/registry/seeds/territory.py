"""Rows of units and bodies before and after 1 July 2025, built from the CSV files beside this module.

Decisions:
- The eight unchanged units (NQ 1668, Article 1(96)) end and start again: their parent changed on that day (district
  and province before, the new city after), and a row holds one parent. Their succession says "unchanged", and their
  bodies' says CONTINUE.
- The former units' true beginnings were not read; their rows start on 1 January 2025 with `start_known` false, because
  several were formed in 2023 and 2024 and nothing earlier is vouched for.
- The merger of the three provinces (NQ 202/2025/QH15) was not read by us: its succession is unconfirmed.
- Bodies of the former districts are there with their commune bodies below them; theirs are inferred successions.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from registry.domain import ids
from registry.domain.organisation_kinds import (
    EVERYWHERE,
    MASS_MOBILISATION_BOARD,
    PARTY_COMMITTEE,
    organisation_name,
    split_name,
)
from registry.domain.succession import organisation_succession_kind
from servicekit.vietnamese import plain, sort_key

BEFORE: Final = (date(2025, 1, 1), date(2025, 6, 30))
AFTER: Final = (date(2025, 7, 1), None)
CITY_CODE: Final = "92"
CITY_NAME: Final = "Thành phố Cần Thơ"
NQ1668: Final = "Nghị quyết 1668/NQ-UBTVQH15 ngày 16/6/2025"
NQ202: Final = "Nghị quyết 202/2025/QH15 ngày 12/6/2025"
DISTRICTS_ENDED: Final = "Kết thúc hoạt động của cấp huyện từ 1/7/2025; suy ra từ địa bàn các xã, phường"

Row = dict[str, Any]
Span = tuple[date, date | None]


def read_csv(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of this package."""
    text = (files("registry.seeds") / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


class Territory:
    """All rows of `unit`, `unit_succession`, `organisation` and `organisation_succession`."""

    def __init__(self) -> None:
        self.units: list[Row] = []
        self.organisations: list[Row] = []
        self._units: dict[UUID, Row] = {}
        self._organisations: dict[UUID, Row] = {}
        self._add_former()
        self._add_present()
        self.unit_successions = list(self._unit_successions())
        self.organisation_successions = list(self._organisation_successions())

    def _add_former(self) -> None:
        source = "Danh mục đơn vị hành chính đến 30/6/2025"
        for row in read_csv("units-until-2025-06-30.csv"):
            province = self._unit(row["province_code"], row["province"], "city", None, BEFORE, source)
            district = self._unit(row["district_code"], row["district"], "district", province, BEFORE, source)
            self._unit(row["code"], row["name"], "commune", district, BEFORE, source)

    def _add_present(self) -> None:
        city = self._unit(CITY_CODE, CITY_NAME, "city", None, AFTER, NQ202)
        for row in read_csv("units-from-2025-07-01.csv"):
            unit = self._unit(row["code"], row["name"], "commune", city, AFTER, NQ1668)
            unit["area_km2"] = row["area_km2"]
            unit["latitude"], unit["longitude"] = row["latitude"], row["longitude"]

    def _unit(self, code: str, name: str, level: str, parent: Row | None, span: Span, source: str) -> Row:
        unit_id = ids.unit_id(code, span[0])
        if unit_id in self._units:
            return self._units[unit_id]
        unit: Row = {
            "id": unit_id,
            "code": code,
            "name": name,
            "type": split_name(name)[0].lower(),
            "level": level,
            "parent_id": parent["id"] if parent else None,
            "path": [*(parent["path"] if parent else ()), unit_id],
            "valid_from": span[0],
            "valid_to": span[1],
            "start_known": span is AFTER,
            "area_km2": None,
            "latitude": None,
            "longitude": None,
            "plain_name": plain(name),
            "sort_key": sort_key(name),
            "source": source,
        }
        self._units[unit_id] = unit
        self.units.append(unit)
        self._add_bodies(unit, parent)
        return unit

    def _add_bodies(self, unit: Row, parent: Row | None) -> None:
        for kind in EVERYWHERE:
            self._body(kind, unit, self._body_of(kind, parent["id"]) if parent else None)
        if unit["level"] == "city":
            self._body(MASS_MOBILISATION_BOARD, unit, self._body_of(PARTY_COMMITTEE, unit["id"]))

    def _body_of(self, kind: str, unit: UUID) -> Row:
        return self._organisations[ids.organisation_id(kind, unit)]

    def _body(self, kind: str, unit: Row, parent: Row | None) -> None:
        body_id = ids.organisation_id(kind, unit["id"])
        name = organisation_name(kind, unit["name"], unit["level"])
        body: Row = {
            "id": body_id,
            "kind": kind,
            "name": name,
            "level": unit["level"],
            "unit_id": unit["id"],
            "parent_id": parent["id"] if parent else None,
            "path": [*(parent["path"] if parent else ()), body_id],
            "valid_from": unit["valid_from"],
            "valid_to": unit["valid_to"],
            "start_known": unit["start_known"],
            "plain_name": plain(name),
            "sort_key": sort_key(name),
            "source": unit["source"],
        }
        self._organisations[body_id] = body
        self.organisations.append(body)

    def _unit_successions(self) -> Iterator[Row]:
        for row in read_csv("unit-succession-2025-07-01.csv"):
            basis = f"{NQ1668}, Điều 1 khoản {row['clause']}"
            yield _unit_succession(
                ids.unit_id(row["predecessor_code"], BEFORE[0]),
                ids.unit_id(row["successor_code"], AFTER[0]),
                row["share"],
                row["clause"],
                basis,
                "confirmed",
            )
        city = ids.unit_id(CITY_CODE, AFTER[0])
        for code in ("92", "93", "94"):
            yield _unit_succession(ids.unit_id(code, BEFORE[0]), city, "whole", None, NQ202, "unconfirmed")

    def _organisation_successions(self) -> Iterator[Row]:
        sources = Counter(row["successor_id"] for row in self.unit_successions)
        heirs_of_district: dict[UUID, dict[UUID, None]] = defaultdict(dict)
        for row in self.unit_successions:
            before, after = self._units[row["predecessor_id"]], self._units[row["successor_id"]]
            kind = organisation_succession_kind(row["share"], sources[after["id"]])
            bodies = EVERYWHERE if before["level"] == "commune" else (*EVERYWHERE, MASS_MOBILISATION_BOARD)
            confidence = "inferred" if row["confidence"] == "confirmed" else "unconfirmed"
            for body in bodies:
                yield _organisation_succession(body, before["id"], after["id"], kind, row["legal_basis"], confidence)
            if before["level"] == "commune":
                heirs_of_district[before["parent_id"]][after["id"]] = None
        for district, heirs in heirs_of_district.items():
            for heir in heirs:
                for body in EVERYWHERE:
                    yield _organisation_succession(body, district, heir, "SPLIT", DISTRICTS_ENDED, "inferred")


def _unit_succession(before: UUID, after: UUID, share: str, clause: str | None, basis: str, confidence: str) -> Row:
    return {
        "predecessor_id": before,
        "successor_id": after,
        "share": share,
        "happened_on": AFTER[0],
        "clause": clause,
        "legal_basis": basis,
        "confidence": confidence,
    }


def _organisation_succession(body: str, before: UUID, after: UUID, kind: str, basis: str, confidence: str) -> Row:
    return {
        "predecessor_id": ids.organisation_id(body, before),
        "successor_id": ids.organisation_id(body, after),
        "kind": kind,
        "happened_on": AFTER[0],
        "legal_basis": basis,
        "confidence": confidence,
    }
