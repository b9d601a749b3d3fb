"""Completeness, timeliness, what is owed, and reminders: numbers against a case made by hand."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime
from typing import Any

from reporting_house import (
    AT,
    FORM,
    HERE,
    PERIOD,
    THERE,
    Staff,
    add_indicators,
    open_half,
    put,
    sheet,
    submit_all,
    value,
    waiting,
)
from sqlalchemy import text
from targets_house import BOARD, CITY, COMMUNES, House, StatementCount, rows

from servicekit.db import Database
from targets.domain.completeness import cell, tally, total
from targets.domain.reminders import ReminderStep, reached
from targets.jobs import REMIND

THIRD = COMMUNES[2]


def test_the_rule_by_hand() -> None:
    cases = [
        (cell("approved", True, True), ("approved", True, False)),
        (cell("verified", False, True), ("waiting", False, False)),
        (cell("submitted", True, False), ("waiting", True, False)),
        (cell("returned", True, True), ("returned", None, True)),
        (cell("draft", None, False), ("draft", None, False)),
        (cell(None, None, True), ("missing", None, True)),
    ]
    for found, wanted in cases:
        assert (found.state, found.on_time, found.overdue) == wanted
    counted = total(tally(one) for one, _ in cases)
    assert (counted.expected, counted.complete, counted.on_time, counted.late) == (6, 3, 2, 1)
    assert (counted.approved, counted.returned, counted.overdue) == (1, 1, 2)


def test_only_the_last_step_reached_is_taken() -> None:
    steps = [ReminderStep("before_3", -3, "unit"), ReminderStep("day", 0, "unit"), ReminderStep("after_3", 3, "head")]

    def calendar_day(day: date, number: int) -> date:
        return date.fromordinal(day.toordinal() + number)

    due = date(2026, 7, 14)
    expected = {10: None, 11: "before_3", 13: "before_3", 14: "day", 16: "day", 17: "after_3", 31: "after_3"}
    for day, key in expected.items():
        step = reached(steps, due, date(2026, 7, day), calendar_day)
        assert (step.key if step else None) == key


async def half_by_hand(house: House, staff: Staff, database: Database) -> list[str]:
    """Three indicators. Here: all in time. There: two late, one of them sent back. The third unit: one draft."""
    codes = await add_indicators(database, 3)
    house.clock.at = datetime(2026, 7, 1, 3, tzinfo=UTC)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    house.clock.at = datetime(2026, 7, 16, 3, tzinfo=UTC)
    await put(staff.neighbour, THERE, [value(codes[0]), value(codes[1])], etag='"0"')
    lines = (await staff.neighbour.get(sheet(THERE))).json()["lines"]
    for line in lines[:2]:
        await staff.neighbour.post(f"/reports/{line['report']['id']}/submit", etag='"1"')
    back = next(
        one
        for one in await waiting(staff.verifier)
        if one["organisation_id"] == str(THERE) and one["indicator_code"] == codes[1]
    )
    named = [{"report_id": back["report_id"], "version": back["version"], "reason": "Sai kỳ"}]
    await staff.verifier.post(f"{sheet(CITY)}/return", {"reports": named})
    await put(staff.city, THIRD, [value(codes[0])], etag='"0"')
    return codes


def unit_of(matrix: dict[str, Any], unit: Any) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in matrix["units"] if one["organisation_id"] == str(unit))
    return found


async def test_the_matrix_of_a_period_by_hand(house: House, staff: Staff, database: Database) -> None:
    codes = await half_by_hand(house, staff, database)
    answer = await staff.monitor.get("/completeness", form=FORM, period=PERIOD)
    matrix = answer.json()
    assert len(matrix["units"]) == 103
    assert [one["column"] for one in matrix["columns"]] == codes
    here, there, third = (unit_of(matrix, unit) for unit in (HERE, THERE, THIRD))
    assert {one["state"] for one in here["cells"]} == {"waiting"}
    assert (here["totals"]["complete"], here["totals"]["on_time"], here["totals"]["late"]) == (3, 3, 0)
    assert [(one["state"], one["on_time"], one["late"], one["returns"]) for one in there["cells"]] == [
        ("waiting", 0, 1, 0), ("returned", 0, 0, 1), ("missing", 0, 0, 0),
    ]  # fmt: skip
    assert [one["state"] for one in third["cells"]] == ["draft", "missing", "missing"]
    assert [one["complete"] for one in matrix["columns"]] == [2, 1, 1]
    assert {name: matrix["totals"][name] for name in ("expected", "complete", "on_time", "late", "overdue")} == {
        "expected": 309, "complete": 4, "on_time": 3, "late": 1, "overdue": 305,
    }  # fmt: skip
    assert "trả lại" in matrix["rule_vi"]
    only = (await staff.monitor.get("/completeness", form=FORM, period=PERIOD, state="returned")).json()
    assert [one["organisation_id"] for one in only["units"]] == [str(THERE)]
    below = (await staff.monitor.get("/completeness", form=FORM, period=PERIOD, below=str(HERE))).json()
    assert below["totals"]["expected"] == 3
    own = (await staff.unit.get("/completeness", form=FORM, period=PERIOD)).json()
    assert [one["organisation_id"] for one in own["units"]] == [str(HERE)]
    empty = (await staff.monitor.get("/completeness", form=FORM, period=PERIOD, level="city")).json()
    assert (empty["units"], empty["totals"]["expected"]) == ([], 0)


async def test_the_matrix_over_periods_and_as_a_file(house: House, staff: Staff, database: Database) -> None:
    await half_by_hand(house, staff, database)
    await staff.monitor.post(f"/forms/{FORM}/periods", {"period": "2025S2"})
    answer = await staff.monitor.get("/completeness", form=FORM, **{"from": "2025S1", "to": PERIOD})
    matrix = answer.json()
    assert sorted(one["column"] for one in matrix["columns"]) == ["2025S2", PERIOD]
    there = {one["column"]: one for one in unit_of(matrix, THERE)["cells"]}
    assert (there[PERIOD]["expected"], there[PERIOD]["complete"], there[PERIOD]["late"]) == (3, 1, 1)
    assert (there["2025S2"]["expected"], there["2025S2"]["overdue"]) == (3, 3)
    exported = await staff.monitor.get("/exports/completeness", form=FORM, period=PERIOD)
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(exported.text.removeprefix("\ufeff"))))
    assert (len(lines), sum(int(line["complete"]) for line in lines)) == (309, 4)
    neither = await staff.monitor.get("/completeness", form=FORM)
    assert neither.status_code == 422
    wrong = await staff.monitor.get("/completeness", form=FORM, **{"from": "2025", "to": "2026"})
    assert wrong.json()["code"] == "wrong_form_period"


async def test_the_matrix_costs_the_same_few_statements_whatever_its_size(
    house: House, staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 60)
    await open_half(staff)
    with StatementCount(house.runtime.database) as counted:
        answer = await staff.monitor.get("/completeness", form=FORM, period=PERIOD)
    assert answer.json()["totals"]["expected"] == 60 * 103
    assert len([one for one in counted.statements if one not in ("BEGIN", "COMMIT")]) <= 4, counted.statements
    monthly = {
        "code": "THANG", "name_vi": "Tháng", "name_en": "Monthly", "period_kind": "month", "indicators": codes[:1],
        "levels": [
            {"key": "city", "act": "verify", "name_vi": "TP", "name_en": "City"},
            {"key": "board", "act": "approve", "name_vi": "Ban", "name_en": "Board"},
        ],
    }  # fmt: skip
    assert (await staff.monitor.post("/forms", monthly)).status_code == 201
    for year, month in [(year, month) for year in (2024, 2025) for month in range(1, 13)]:
        opened = await staff.monitor.post("/forms/THANG/periods", {"period": f"{year}{month:02d}"})
        assert opened.status_code == 201 or (year, month) < (2025, 7), opened.text
    with StatementCount(house.runtime.database) as counted:
        answer = await staff.monitor.get("/completeness", form="THANG", **{"from": "202401", "to": "202512"})
    assert answer.json()["totals"]["expected"] >= 6 * 103
    assert len([one for one in counted.statements if one not in ("BEGIN", "COMMIT")]) <= 4, counted.statements


async def test_a_unit_sees_what_it_owes(house: House, staff: Staff, database: Database) -> None:
    codes = await half_by_hand(house, staff, database)
    owed = (await staff.neighbour.get("/obligations", organisation_id=str(THERE))).json()["items"]
    assert {one["indicator_code"]: one["missing"] for one in owed} == {
        codes[1]: ["correction", "submission"],
        codes[2]: ["value", "submission"],
    }
    assert {(one["due_on"], one["overdue"], one["open"]) for one in owed} == {("2026-07-14", True, True)}
    assert (await staff.unit.get("/obligations")).json()["items"] == []
    assert (await staff.unit.get("/obligations", organisation_id=str(THERE))).json()["items"] == []
    pages, cursor = 0, None
    found: set[tuple[str, str]] = set()
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = (await staff.monitor.get("/obligations", limit=100, **more)).json()
        found |= {(one["organisation_id"], one["indicator_code"]) for one in page["items"]}
        pages, cursor = pages + 1, page["next_cursor"]
        if cursor is None:
            break
    assert (pages, len(found)) == (4, 305)


async def remind(house: House, day: date) -> None:
    now = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    await REMIND.run(house.runtime.database, house.runtime, now)


async def sent(database: Database) -> list[tuple[Any, ...]]:
    counted = "SELECT step, to_role, to_organisation_id, count(*) AS n FROM reminder"
    found = await rows(database, f"{counted} GROUP BY 1, 2, 3 ORDER BY min(sent_at), 1")
    return [tuple(one.values()) for one in found]


async def test_units_are_reminded_once_a_step_and_the_ladder_is_climbed(
    house: House, staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 2)
    house.clock.at = datetime(2026, 6, 30, 17, tzinfo=UTC)  # due 14 July, a Tuesday
    await open_half(staff)
    async with database.write() as session:
        # Three units are enough.
        await session.execute(
            text("DELETE FROM expected_report WHERE organisation_id <> ALL (:kept)"), {"kept": [HERE, THERE, THIRD]}
        )
    await submit_all(staff.unit, HERE, codes)
    await put(staff.neighbour, THERE, [value(codes[0])], etag='"0"')
    await remind(house, date(2026, 6, 29))
    assert await sent(database) == []
    await remind(house, date(2026, 6, 30))
    assert [(one[0], one[1]) for one in await sent(database)] == [("before_10", "reporter")] * 2
    await asyncio.gather(*(remind(house, date(2026, 7, day)) for day in (9, 9, 10, 11, 13)))
    await remind(house, date(2026, 7, 14))
    await remind(house, date(2026, 7, 17))
    await remind(house, date(2026, 7, 23))
    await remind(house, date(2026, 8, 3))
    found = await sent(database)
    steps = {step: sum(one[3] for one in found if one[0] == step) for step in {one[0] for one in found}}
    assert steps == dict.fromkeys(("before_10", "before_3", "on_the_day", "after_3", "after_7", "after_14"), 2)
    ladder = {one[0]: (one[1], one[2]) for one in found}
    assert ladder["after_3"][0] == "head"
    assert ladder["after_7"] == ("verifier", CITY)
    assert ladder["after_14"] == ("monitoring_officer", BOARD)
    told = await rows(database, "SELECT type, count(*) AS n FROM outbox WHERE type ~ 'due_soon|overdue' GROUP BY 1")
    assert {one["type"]: one["n"] for one in told} == {
        "targets.report.due_soon.v1": 6,
        "targets.report.overdue.v1": 6,
    }
    missing = await rows(
        database, "SELECT missing FROM reminder WHERE organisation_id = :u AND step = 'after_3'", u=THERE
    )
    assert missing == [{"missing": 2}]
    assert await rows(database, "SELECT 1 FROM reminder WHERE organisation_id = :u", u=HERE) == []
    chased = (await staff.monitor.get("/reminders", form=FORM, kind="overdue", to_role="head")).json()["items"]
    assert {one["organisation_id"] for one in chased} == {str(THERE), str(THIRD)}
    assert (await staff.unit.get("/reminders")).json()["items"] == []
    assert {one["organisation_id"] for one in (await staff.neighbour.get("/reminders")).json()["items"]} == {str(THERE)}


async def test_a_due_day_that_moved_is_the_one_that_counts(house: House, staff: Staff, database: Database) -> None:
    await add_indicators(database, 1)
    house.clock.at = datetime(2026, 7, 1, 3, tzinfo=UTC)
    await open_half(staff)
    async with database.write() as session:
        await session.execute(text("UPDATE reporting_period SET due_on = '2026-07-21' WHERE code = '2026S1'"))
    await remind(house, date(2026, 7, 14))
    assert {one[0] for one in await sent(database)} == {"before_10"}
    async with database.write() as session:
        await session.execute(text("UPDATE reporting_period SET status = 'closed'"))
    await remind(house, date(2026, 7, 21))
    assert {one[0] for one in await sent(database)} == {"before_10"}


async def test_one_is_reminded_by_hand_once_a_day(house: House, staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 1)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    body = {"organisation_ids": [str(HERE), str(THERE)], "note_code": "phone_call"}
    assert (await staff.unit.post(f"{AT}/remind", body)).status_code == 403
    told = await staff.monitor.post(f"{AT}/remind", body)
    assert (told.status_code, told.json()["organisation_ids"]) == (201, [str(THERE)])
    both = await asyncio.gather(*(one.post(f"{AT}/remind", body) for one in (staff.monitor, staff.other_monitor)))
    assert {(one.status_code, one.json()["code"]) for one in both} == {(409, "already_reminded")}
    house.clock.at = datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert (await staff.monitor.post(f"{AT}/remind", body)).status_code == 201
    kept = await rows(database, "SELECT kind, note_code, sent_by FROM reminder")
    assert {tuple(one.values()) for one in kept} == {("by_hand", "phone_call", staff.monitor.id)}
    audited = await rows(database, "SELECT count(*) AS n FROM audit_entry WHERE action = 'report.remind'")
    assert audited[0]["n"] == 2
