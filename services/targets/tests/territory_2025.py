"""The Front committees before and after 1 July 2025, from the very files the registry is seeded with.

Districts are split between the communes on their ground, and the three provinces merged, as in the registry's seeds.
"""

import csv
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from servicekit import reference
from servicekit.db import Database

SEEDS = Path(__file__).parents[2] / "registry" / "src" / "registry" / "seeds"
BEFORE, AFTER = ("2025-01-01", "2025-06-30"), ("2025-07-01", None)
DAY = AFTER[0]
CITY_CODE = "92"
SPLIT = {"31178": ("31120", "31168"), "31183": ("31150", "31183"), "31207": ("31228", "31207")}
"""The three wards split on 1 July 2025, and who took the part and the remainder of each."""


def read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((SEEDS / name).read_text("utf-8").splitlines()))


def front(code: str, since: str = DAY) -> UUID:
    """The Front committee of the unit that got a code on a day: codes were given to other units on 1 July 2025."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"front {code} {since}")


def former(code: str) -> UUID:
    return front(code, BEFORE[0])


def succession_id(before: UUID, after: UUID) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{before} {after}")


def organisations() -> Iterator[dict[str, Any]]:
    paths: dict[UUID, list[str]] = {}

    def body(code: str, name: str, level: str, above: UUID | None, span: tuple[str, str | None]) -> dict[str, Any]:
        own = front(code, span[0])
        paths[own] = [*(paths[above] if above else ()), str(own)]
        data = {
            "kind": "front_committee",
            "name": f"Ủy ban MTTQ {name}",
            "level": level,
            "unit_id": str(uuid.uuid5(own, "unit")),
            "unit_code": code,
            "parent_id": str(above) if above else None,
            "path": paths[own],
            "valid_from": span[0],
            "valid_to": span[1],
            "start_known": span is AFTER,
        }
        return {"kind": "organisation", "id": own, "data": data}

    for row in read("units-until-2025-06-30.csv"):
        province, district = former(row["province_code"]), former(row["district_code"])
        if province not in paths:
            yield body(row["province_code"], row["province"], "city", None, BEFORE)
        if district not in paths:
            yield body(row["district_code"], row["district"], "district", province, BEFORE)
        yield body(row["code"], row["name"], "commune", district, BEFORE)
    yield body(CITY_CODE, "Thành phố Cần Thơ mới", "city", None, AFTER)
    for row in read("units-from-2025-07-01.csv"):
        yield body(row["code"], row["name"], "commune", front(CITY_CODE), AFTER)


def succession(before: UUID, after: UUID, kind: str, ratio: str | None = None) -> dict[str, Any]:
    data = {
        "predecessor_id": str(before),
        "successor_id": str(after),
        "kind": kind,
        "happened_on": DAY,
        "ratio": ratio,
        "ratio_source": ratio and "Biên bản bàn giao 12/BB-UBND",
        "inherited": ratio is not None,
        "confidence": "inferred",
        "legal_basis": "Nghị quyết 1668/NQ-UBTVQH15",
    }
    return {"kind": "organisation_succession", "id": succession_id(before, after), "data": data}


def successions() -> Iterator[dict[str, Any]]:
    given = read("unit-succession-2025-07-01.csv")
    formed_from = Counter(row["successor_code"] for row in given)
    district_of = {row["code"]: row["district_code"] for row in read("units-until-2025-06-30.csv")}
    heirs: dict[tuple[str, str], None] = {}
    for row in given:
        whole = (
            "CONTINUE"
            if row["share"] == "unchanged"
            else "MERGE"
            if formed_from[row["successor_code"]] > 1
            else "RENAME"
        )
        kind = "SPLIT" if row["share"] in ("part", "remainder") else whole
        yield succession(former(row["predecessor_code"]), front(row["successor_code"]), kind)
        heirs[district_of[row["predecessor_code"]], row["successor_code"]] = None
    for district, heir in heirs:
        yield succession(former(district), front(heir), "SPLIT")
    for province in ("92", "93", "94"):
        yield succession(former(province), front(CITY_CODE), "MERGE")


async def put_in_place_of_the_others(database: Database, now: Any) -> None:
    """Copy these Front committees and no others, the way a rebuild copies what the registry answers."""
    told = {"organisation": list(organisations()), "organisation_succession": list(successions())}

    async def fetch_page(kind: str, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        return [fact | {"id": str(fact["id"]), "version": 1} for fact in told[kind]], None

    async with database.write() as session:
        await session.execute(text("DELETE FROM reference WHERE kind = 'organisation'"))
    await reference.rebuild(database, fetch_page, told, now, consumer=reference.reference_consumer("targets"))


_OPEN = text(
    "INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told, due_on,"
    " due_provisional, rule_key, rule_version, opened_at, opened_by)"
    " SELECT id, :code, :kind, :first, :last, 'open', 1, 1, :last, false, 'IND.REPORT_DUE', 1, :now, gen_random_uuid()"
    "   FROM indicator WHERE code = :indicator RETURNING id"
)
_EXPECT = text(
    "INSERT INTO expected_report SELECT :period, id FROM reference WHERE kind = 'organisation'"
    " AND data->>'level' = 'commune' AND (data->>'start_known' = 'false' OR data->>'valid_from' <= :last)"
    " AND coalesce(data->>'valid_to', '9999') >= :last"
)
_OWE = text("INSERT INTO expected_report VALUES (:period, :organisation) ON CONFLICT DO NOTHING")
_REPORT = text(
    "INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator, breakdown,"
    " counting_method, entered_by, created_at, changed_at) VALUES (:period, :organisation, 'approved', 1, 0,"
    " :numerator, :denominator, '{}', :method, gen_random_uuid(), :now, :now)"
)


async def report_period(
    database: Database, span: Any, figures: dict[UUID, tuple[int, int]], *, now: Any, indicator: str = "TGT-01"
) -> None:
    """Store a period of which these organisations have approved reports; they owe one, and every commune standing."""
    async with database.write() as session:
        given = {"code": span.code, "kind": span.kind.value, "first": span.first_day, "last": span.last_day}
        period = await session.scalar(_OPEN, {**given, "now": now, "indicator": indicator})
        await session.execute(_EXPECT, {"period": period, "last": span.last_day.isoformat()})
        rows = [
            {
                "period": period,
                "organisation": own,
                "numerator": one,
                "denominator": all_,
                "now": now,
                "method": "distinct_persons",
            }
            for own, (one, all_) in figures.items()
        ]
        owing = [{"period": period, "organisation": own} for own in figures]
        await session.execute(_OWE, owing)
        await session.execute(_REPORT, rows)
        await session.execute(text("SELECT roll_up_reports(:period, NULL, :now)"), {"period": period, "now": now})
