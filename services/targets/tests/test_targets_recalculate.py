"""Computed indicators: there with the approval that changed them, explained down to the reports, never out of order."""

import asyncio
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from targets_house import BOARD, CITY, COMMUNES, NOW, House, Person, add_indicator, approve_one, rows

from servicekit.db import Database
from targets.actions.roll_up import roll_up

BODY = {
    "numerator": "TGT-01.numerator + TGT-02",
    "denominator": "TGT-01.denominator * 2",
    "applies_from": "2021-12-27",
    "decision": "12-QĐ/BTGDV",
    "decided_on": "2026-01-05",
}
SCOPE = (
    "SELECT organisation_id, period, numerator, denominator, counted, expected, trace, told FROM roll_up f"
    " JOIN indicator i ON i.id = f.indicator_id WHERE i.code = :code"
    " AND organisation_id IS NOT DISTINCT FROM CAST(:place AS uuid) ORDER BY period"
)


@pytest.fixture
def people(operator: Person, verifier: Person, approver: Person) -> tuple[Person, Person, Person]:
    return operator, verifier, approver


@pytest.fixture
async def computed(database: Database) -> None:
    """CAL-01 is a rate and CAL-02 a count, both by formula; CAL-02 is computed from CAL-01."""
    await add_indicator(
        database, "CAL-01", like="TGT-01", source="formula", formula={"numerator": "TGT-01.numerator",
                                                                      "denominator": "TGT-01.denominator"},
    )  # fmt: skip
    await add_indicator(
        database, "CAL-02", like="TGT-02", source="formula", formula={"numerator": "CAL-01 / 2 + TGT-02"}, categories=[]
    )


async def figures(database: Database, code: str, place: Any) -> list[tuple[Any, ...]]:
    found = await rows(database, SCOPE, code=code, place=place)
    return [(row["period"], row["numerator"], row["denominator"]) for row in found]


async def test_an_approval_reaches_everything_computed_from_it_at_once(
    period: Any, people: Any, computed: None, database: Database
) -> None:
    await period("TGT-01")
    await period("TGT-02")
    assert await figures(database, "CAL-01", None) == [("2025", None, None)]
    await approve_one(people, COMMUNES[0], 600, 1000)
    await approve_one(people, COMMUNES[1], 100, 1000)
    await approve_one(people, COMMUNES[0], 3, indicator_code="TGT-02", counting_method="organisations_founded")
    for place in (CITY, None):
        assert await figures(database, "CAL-01", place) == [("2025", 700, 2000)]
        assert await figures(database, "CAL-02", place) == [("2025", 35 / 2 + 3, None)]  # 35 % of the sums, no mean
    assert await figures(database, "CAL-02", COMMUNES[0]) == [("2025", 33, None)]
    assert await figures(database, "CAL-02", COMMUNES[1]) == [("2025", None, None)]
    (row,) = await rows(database, SCOPE, code="CAL-02", place=COMMUNES[1])
    assert row["trace"]["no_value"] == {"reason": "missing_input", "code": "TGT-02", "position": 14}
    (whole,) = await rows(database, SCOPE, code="CAL-02", place=None)
    assert (whole["counted"], whole["expected"]) == (1, 103)  # as few as the weakest of its inputs


_APPROVED = text(
    "INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator, breakdown,"
    " counting_method, entered_by, created_at, changed_at) VALUES (:period, :organisation, 'approved', 1, 0, :n, :d,"
    " '{}', 'distinct_persons', :who, :now, :now)"
)


async def _approve(session: AsyncSession, period: Any, numerator: int, denominator: int | None) -> None:
    given = {"period": uuid.UUID(period["id"]), "organisation": COMMUNES[0], "n": numerator, "d": denominator}
    await session.execute(_APPROVED, given | {"who": uuid.uuid4(), "now": NOW})
    await roll_up(session, [given["period"]], [COMMUNES[0]], now=NOW)


async def _waits(database: Database, task: asyncio.Task[Any]) -> bool:
    """Say whether a task comes to wait for a lock that is held here, before it is done."""
    while not task.done():
        if await rows(database, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_two_changes_at_the_same_moment_that_feed_one_formula_both_count(
    period: Any, computed: None, database: Database
) -> None:
    one, two = await period("TGT-01"), await period("TGT-02")

    async def second() -> None:
        async with database.write() as session:
            await _approve(session, two, 4, None)

    async with database.write() as session:
        await _approve(session, one, 50, 100)
        waiting = asyncio.create_task(second())
        assert await _waits(database, waiting)
    await waiting
    assert await figures(database, "CAL-02", None) == [("2025", 25 + 4, None)]


async def test_a_formula_set_while_a_figure_changes_is_computed_with_it(
    monitor: Person, period: Any, database: Database
) -> None:
    await add_indicator(database, "CAL-09", like="TGT-01", source="formula")
    opened = await period("TGT-01")
    body = BODY | {"numerator": "TGT-01.numerator", "denominator": "TGT-01.denominator"}
    async with database.write() as session:
        await _approve(session, opened, 50, 100)
        setting = asyncio.create_task(monitor.put("/indicators/CAL-09/formula", body, etag='"0"'))
        assert await _waits(database, setting)
    assert (await setting).status_code == 200
    assert await figures(database, "CAL-09", None) == [("2025", 50, 100)]


async def test_a_year_is_computed_from_its_quarters_and_names_the_missing_one(
    house: House, monitor: Person, people: Any, database: Database
) -> None:
    await add_indicator(database, "QUA-01", like="TGT-02", period_kind="quarter", reporting_kinds=["quarter"])
    await add_indicator(database, "CAL-03", like="TGT-02", source="formula", formula={"numerator": "QUA-01 * 10"})
    for quarter, number in (("2026Q1", 1), ("2026Q2", 2), ("2026Q4", 4)):
        opened = await monitor.post("/periods", {"indicator_code": "QUA-01", "period": quarter})
        assert opened.status_code == 201, opened.text
        await approve_one(people, COMMUNES[5], number, indicator_code="QUA-01", period=quarter)
    assert await figures(database, "CAL-03", None) == [("2026", 70, None)]
    answer = (await monitor.get("/indicators/CAL-03/trace", period="2026", organisation_id=str(COMMUNES[5]))).json()
    (found,) = answer["inputs"]
    assert (found["numerator"], found["missing_periods"], found["time_aggregation"]) == ("7", ["2026Q3"], "sum")
    assert [(row["period"], row["numerator"]) for row in found["rows"]] == [
        ("2026Q1", "1"), ("2026Q2", "2"), ("2026Q4", "4")
    ]  # fmt: skip
    assert (answer["counted"], answer["expected"]) == (3, 4)
    assert answer["formula"] == {"numerator": "QUA-01 * 10", "denominator": None, "version": 1}


async def test_a_new_formula_computes_at_once_and_earlier_periods_keep_theirs(
    monitor: Person, period: Any, people: Any, computed: None, database: Database
) -> None:
    for year in ("2024", "2025"):
        await period("TGT-01", year)
        await period("TGT-02", year)
    # The communes of the test exist since July 2025; a report of 2024 is of the former one.
    await approve_one(people, COMMUNES[0], 600, 1000)
    await approve_one(people, COMMUNES[0], 4, indicator_code="TGT-02")
    before = await monitor.get("/indicators/CAL-01/formula")
    assert (before.json()["version"], before.json()["decision"], before.headers["etag"]) == (1, "08-NQ/TU", '"1"')
    body = BODY | {"applies_from": "2025-01-01"}
    done = await monitor.put("/indicators/CAL-01/formula", body, etag='"1"')
    assert (done.status_code, done.headers["etag"]) == (200, '"2"'), done.text
    assert await figures(database, "CAL-01", COMMUNES[0]) == [("2025", 604, 2000)]
    assert await figures(database, "CAL-02", COMMUNES[0]) == [("2025", Decimal("19.1"), None)]
    old = (await monitor.get("/indicators/CAL-01/trace", period="2024")).json()
    new = (await monitor.get("/indicators/CAL-01/trace", period="2025")).json()
    assert (old["formula"]["version"], new["formula"]["version"]) == (1, 2)
    assert new["formula"]["numerator"] == BODY["numerator"]
    listed = (await monitor.get("/indicators/CAL-01/formula/versions")).json()["items"]
    assert [(item["number"], item["decision"]) for item in listed] == [(1, "08-NQ/TU"), (2, "12-QĐ/BTGDV")]
    kept = await rows(database, "SELECT formula FROM indicator WHERE code = 'CAL-01'")
    assert kept[0]["formula"]["numerator"] == BODY["numerator"]
    audited = await rows(database, "SELECT details FROM audit_entry WHERE action = 'formula.set'")
    assert [entry["details"]["version"] for entry in audited] == [2]
    late = await monitor.put("/indicators/CAL-01/formula", body, etag='"1"')
    assert late.status_code == 412


REFUSED = [
    ({"numerator": "TGT-01 +"}, "formula_syntax"),
    ({"numerator": "TGT-99"}, "formula_unknown_indicator"),
    ({"numerator": "CAL-01"}, "formula_cycle"),
    ({"denominator": "CAL-02 + 1"}, "formula_cycle"),
    ({"denominator": "TGT-01 / 0"}, "formula_divides_by_zero"),
    ({"denominator": "0 * TGT-01 / (1 - 1)"}, "formula_divides_by_zero"),
    ({"denominator": None}, "formula_part_missing"),
    ({"numerator": "1", "denominator": "2"}, "formula_without_indicator"),
    ({"numerator": "(" * 50 + "TGT-01" + ")" * 50}, "formula_too_large"),
    ({"decided_on": "2026-11-24"}, "decision_ahead"),
    ({"numerator": "a\u0000b"}, "broken_text"),
    ({"numerator": "1" * 2001}, "invalid"),
    ({"applies_from": "2025-02-30"}, "invalid"),
    ({"eval": "1"}, "invalid"),
]


async def test_a_formula_that_cannot_be_is_refused_and_nothing_is_stored(
    monitor: Person, computed: None, database: Database
) -> None:
    for change, code in REFUSED:
        answer = await monitor.put("/indicators/CAL-01/formula", BODY | change, etag='"1"')
        assert (answer.status_code, answer.json()["code"]) == (422, code), (change, answer.text)
    cycle = await monitor.put("/indicators/CAL-01/formula", BODY | {"numerator": "CAL-02"}, etag='"1"')
    assert "CAL-01 → CAL-02 → CAL-01" in cycle.json()["detail"]
    reported = await monitor.put("/indicators/TGT-01/formula", BODY, etag='"0"')
    assert (reported.status_code, reported.json()["code"]) == (422, "not_a_formula_indicator")
    assert (await monitor.put("/indicators/CAL-99/formula", BODY, etag='"0"')).status_code == 404
    assert await rows(database, "SELECT 1 FROM formula_version") == []
    assert await rows(database, "SELECT 1 FROM audit_entry WHERE action = 'formula.set'") == []


async def test_only_the_board_sets_a_formula(house: House, computed: None) -> None:
    for grants in ((("monitoring_officer", CITY),), (("monitoring_officer", COMMUNES[0]),), (("approver", BOARD),)):
        answer = await house.person(*grants).put("/indicators/CAL-01/formula", BODY, etag='"1"')
        assert answer.status_code == 403


async def test_a_division_that_happens_to_be_by_zero_has_no_value_and_says_so(
    monitor: Person, period: Any, people: Any, database: Database
) -> None:
    await add_indicator(
        database, "CAL-05", like="TGT-02", source="formula", formula={"numerator": "TGT-01 / (TGT-02 - 2)"}
    )
    await period("TGT-01")
    await period("TGT-02")
    await approve_one(people, COMMUNES[0], 600, 1000)
    await approve_one(people, COMMUNES[0], 2, indicator_code="TGT-02")
    trace = (await monitor.get("/indicators/CAL-05/trace", period="2025")).json()
    assert (trace["numerator"], trace["no_value"]["reason"], trace["no_value"]["position"]) == (
        None, "division_by_zero", 8
    )  # fmt: skip
    assert trace["no_value"]["reason_en"] == "Division by zero at character 8."
    progress = (await monitor.get("/indicators/CAL-05/progress", period="2025")).json()
    assert (progress["numerator"], progress["status"]) == (None, "not_assessed")


async def test_the_trace_of_a_sum_shows_the_reports_the_reader_may_see(
    house: House, monitor: Person, period: Any, people: Any
) -> None:
    await period()
    await approve_one(people, COMMUNES[0], 600, 1000)
    path = await approve_one(people, COMMUNES[1], 100, 1000)
    whole = (await monitor.get("/indicators/TGT-01/trace", period="2025")).json()
    assert (whole["numerator"], len(whole["reports"]), whole["reports_not_shown"]) == ("700", 2, 0)
    unit = await house.person(("front_officer", COMMUNES[1])).get("/indicators/TGT-01/trace", period="2025")
    assert ([report["id"] for report in unit.json()["reports"]], unit.json()["reports_not_shown"]) == (
        [path.removeprefix("/reports/")], 1
    )  # fmt: skip
    assert (await monitor.get("/indicators/TGT-01/trace", period="2019")).status_code == 404
    assert (await monitor.get("/indicators/TGT-99/trace", period="2025")).status_code == 404


async def test_requests_store_figures_of_formulas_only(house: House, database: Database, period: Any) -> None:
    await period()
    (tgt,) = await rows(database, "SELECT id FROM indicator WHERE code = 'TGT-01'")
    given = {
        "indicator_id": str(tgt["id"]), "period": "2025", "period_kind": "year", "last_day": "2025-12-31",
        "organisation_id": None, "numerator": "1", "denominator": "1", "methods": [], "counted": 1, "expected": 1,
        "population_counted": None, "population_expected": None, "trace": {},
    }  # fmt: skip
    async with database.write() as session:
        stored = await session.execute(
            text("SELECT * FROM store_roll_up(CAST(:rows AS jsonb), now())"), {"rows": json.dumps([given])}
        )
        assert stored.all() == []
    assert await figures(database, "TGT-01", None) == [("2025", None, None)]
