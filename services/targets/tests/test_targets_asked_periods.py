"""One period, by code or by a word of today: every read takes both, no write takes a word; terms go all ways."""

from typing import Any

import pytest
from reporting_house import FORM, PERIOD, add_indicators, open_half, staff_of, submit_all
from sqlalchemy import text
from targets_house import BOARD, CITY, COMMUNES, House, Person, StatementCount, rows
from test_targets_dashboard import PAGE, line
from test_targets_disputes import body, concluded_case

from servicekit.db import Database

HERE = COMMUNES[0]
TERM = "2020T2025"
_ONE = "period"
# What is read of one period: the path, with a place for the period or none, and what else is asked.
READS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/indicators/HALF-01/progress", {_ONE: "{}"}),
    (PAGE, {_ONE: "{}"}),
    ("/dashboards/organisations", {_ONE: "{}", "indicator": "HALF-01", "limit": "5"}),
    ("/indicators/HALF-01/units", {_ONE: "{}"}),
    ("/indicators/HALF-01/series", {"from": "{}", "to": "{}", "period_kind": "half"}),
    ("/indicators/GEN-04/periods/{}/items", {}),
    ("/indicators/HALF-01/trace", {_ONE: "{}"}),
    ("/completeness", {_ONE: "{}", "form": FORM}),
    ("/completeness", {"from": "{}", "to": "{}", "form": FORM}),
    ("/exports/completeness", {_ONE: "{}", "form": FORM}),
    ("/validation", {_ONE: "{}"}),
    ("/imports/template", {_ONE: "{}", "format": "csv"}),
    (f"/forms/{FORM}/periods/{{}}", {}),
    (f"/forms/{FORM}/periods/{{}}/organisations/{HERE}", {}),
    (f"/forms/{FORM}/periods/{{}}/organisations/{HERE}/waiting", {}),
)


@pytest.fixture
async def opened(house: House, database: Database) -> None:
    """The half-year before this one, reported by one commune."""
    staff = staff_of(house)
    codes = await add_indicators(database, 1)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)


async def ask(person: Person, read: tuple[str, dict[str, str]], period: str) -> Any:
    path, query = read
    return await person.get(path.format(period), **{name: value.format(period) for name, value in query.items()})


async def test_every_read_takes_words_for_one_period(house: House, opened: None) -> None:
    reader = house.person(("reporter", CITY))
    for read in READS:
        by_code, by_word = await ask(reader, read, PERIOD), await ask(reader, read, "LAST_HALF")
        assert (by_code.status_code, by_code.content) == (by_word.status_code, by_word.content), (read, by_word.text)
        assert by_code.status_code == 200, (read, by_code.text)
        for given, code in (("LAST_4_QUARTERS", "not_one_period"), ("THIS_WEEK", "unknown_period")):
            refused = await ask(reader, read, given)
            assert (refused.status_code, refused.json()["code"]) == (422, code), (read, refused.text)
        year, this_year = await ask(reader, read, "2026"), await ask(reader, read, "THIS_YEAR")
        assert year.status_code == this_year.status_code, (read, this_year.text)
        if year.status_code == 200:
            assert year.content == this_year.content, read
        else:  # a form of half-years has no year, by whatever name
            assert year.json()["code"] == this_year.json()["code"], read


@pytest.mark.parametrize("given", ["LAST_HALF", "THIS_YEAR", "LAST_TERM", "2021T2026"])
async def test_no_write_takes_a_word(house: House, opened: None, database: Database, given: str) -> None:
    monitor, unit = house.person(("monitoring_officer", BOARD)), house.person(("reporter", HERE))
    officer = house.person(("front_officer", CITY))
    at, value = f"/forms/{FORM}/periods/{given}", {"indicator_code": "HALF-01", "numerator": 1}
    case = await concluded_case(database)
    snapshot = {"kind": "interim_review", "title": "Sơ kết", "resolution": "08-NQ/TU", "periods": [given]}
    for refused in (
        await monitor.post(f"/forms/{FORM}/periods", {"period": given}),
        await monitor.post(f"{at}/close", {}, etag='"1"'),
        await monitor.post(f"{at}/remind", {"note_code": "late"}),
        await monitor.post("/snapshots", snapshot),
        await officer.post("/disputes", body(case, period=given)),
        await unit.put(f"{at}/organisations/{HERE}", {"values": [value]}, etag='"0"'),
        await unit.post(f"{at}/organisations/{HERE}/submit", etag='"1"'),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_period"), refused.text


async def open_term(monitor: Person) -> None:
    """Let GOAL-05 be reported by term, and open the term by a form of its own."""
    document = await monitor.get("/indicators/GOAL-05")
    decided = {"answer": "term", "decision": "1-KL/TU", "decided_on": "2026-01-01"}
    answered = await monitor.put("/indicators/GOAL-05/questions/period_kind", decided, etag=document.headers["etag"])
    assert answered.status_code == 200, answered.text
    form = {
        "code": "NHIEM-KY",
        "name_vi": "Biểu nhiệm kỳ",
        "name_en": "Term form",
        "period_kind": "term",
        "indicators": ["GOAL-05"],
        "levels": [
            {"key": "city", "act": "verify", "name_vi": "TP", "name_en": "City", "kind": "front_committee",
             "level": "city"},
            {"key": "board", "act": "approve", "name_vi": "Ban", "name_en": "Board"},
        ],
    }  # fmt: skip
    made = await monitor.post("/forms", form | {"steps": []})
    assert made.status_code == 201, made.text
    opened = await monitor.post("/forms/NHIEM-KY/periods", {"period": TERM})
    assert opened.status_code == 201, opened.text


async def test_a_term_is_opened_entered_rolled_up_judged_disputed_and_frozen(house: House, database: Database) -> None:
    staff = staff_of(house)
    await open_term(staff.monitor)
    at = f"/forms/NHIEM-KY/periods/{TERM}"
    sheet = f"{at}/organisations/{HERE}"
    read = await staff.unit.get(sheet)
    assert (read.status_code, read.json()["lines"][0]["previous"]) == (200, None), read.text
    value = {"indicator_code": "GOAL-05", "numerator": 3}
    filled = await staff.unit.put(sheet, {"values": [value]}, etag=read.headers["etag"])
    assert filled.status_code == 200, filled.text
    assert (await staff.unit.post(f"{sheet}/submit", etag=filled.headers["etag"])).status_code == 200
    for person, act in ((staff.verifier, "verify"), (staff.approver, "approve")):
        waiting = (await person.get(f"{at}/organisations/{CITY}/waiting", act=act)).json()["reports"]
        named = [{"report_id": one["report_id"], "version": one["version"]} for one in waiting]
        signed = await person.post(f"{at}/organisations/{CITY}/{act}", {"reports": named})
        assert (signed.status_code, signed.json()["accepted"]) == (200, 1), signed.text
    whole = "SELECT numerator, counted FROM roll_up WHERE period = :term AND organisation_id IS NULL"
    assert await rows(database, whole, term=TERM) == [{"numerator": 3, "counted": 1}]
    officer = house.person(("front_officer", CITY))
    disputed = await officer.post(
        "/disputes", body(await concluded_case(database), indicator_code="GOAL-05", period=TERM)
    )
    assert disputed.status_code == 201, disputed.text
    for period in (TERM, "LAST_TERM"):
        progress = (await staff.monitor.get("/indicators/GOAL-05/progress", period=period)).json()
        assert (progress["numerator"], progress["disputed"]) == ("3", True)
        assert (progress["period"]["code"], progress["period"]["last_day"]) == (TERM, "2025-12-31")
        assert progress["status"] and progress["reason_vi"]
        page = (await staff.monitor.get(PAGE, period=period)).json()
        assert (line(page, "GOAL-05")["period"], line(page, "GOAL-05")["numerator"]) == (TERM, "3")
        assert (await staff.monitor.get("/indicators/GOAL-05/trace", period=period)).json()["period"] == TERM
        ranked = await staff.monitor.get("/dashboards/organisations", indicator="GOAL-05", period=period)
        assert [one["disputed"] for one in ranked.json()["items"]][:2] == [True, False]
        matrix = await staff.monitor.get("/completeness", **{"form": "NHIEM-KY", "from": period, "to": period})
        assert matrix.status_code == 200, matrix.text
        assert (await staff.monitor.get("/validation", period=period)).status_code == 200
        # What a term costs is one look at the days of terms.
        with StatementCount(house.runtime.database) as counted:
            series = await staff.monitor.get("/indicators/GOAL-05/series", **{"from": period, "to": period})
        assert len(counted) <= 4, counted.statements
        points = [(one["period"], one["numerator"], one["disputed"]) for one in series.json()["points"]]
        assert points == [(TERM, "3", True)]
        with StatementCount(house.runtime.database) as counted:
            units = await staff.monitor.get("/indicators/GOAL-05/units", period=period)
        assert len(counted) <= 4, counted.statements
        assert (units.json()["period"], units.json()["whole"]["disputed"]) == (TERM, True)
    review = {"kind": "final_review", "title": "Tổng kết nhiệm kỳ", "resolution": "08-NQ/TU", "periods": [TERM]}
    made = await staff.monitor.post("/snapshots", review)
    assert made.status_code == 201, made.text
    snapshot = made.json()["id"]
    figure = (await staff.monitor.get(f"/snapshots/{snapshot}/figures/GOAL-05_{TERM}_city")).json()
    assert (figure["numerator"], figure["disputed"]) == ("3", True)
    for name in ("csv", "sdmx-csv"):
        data = await staff.monitor.get(f"/exports/snapshots/{snapshot}.{name}")
        assert data.status_code == 200, data.text
    assert "2021-01-01/P1826D" in data.text


async def test_a_form_opens_only_what_is_fully_told_and_names_what_is_not(house: House, database: Database) -> None:
    staff = staff_of(house)
    codes = await add_indicators(database, 3)
    async with database.write() as session:
        await session.execute(text("UPDATE indicator SET definition_vi = '', unit = '' WHERE code = 'HALF-02'"))
    refused = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": PERIOD})
    assert (refused.status_code, refused.json()["code"]) == (409, "incomplete_indicators"), refused.text
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [
        ("HALF-02.definition_vi", "missing"),
        ("HALF-02.unit", "missing"),
    ]
    for table in ("reporting_period", "expected_report", "outbox"):
        assert await rows(database, f"SELECT 1 FROM {table}") == [], table
    async with database.write() as session:
        await session.execute(text("UPDATE indicator SET definition_vi = 'x', unit = 'x' WHERE code = 'HALF-02'"))
    opened = await open_half(staff)
    assert {one["indicator_code"] for one in opened.json()["indicators"]} == set(codes)
