"""A disputed value is marked wherever its figure stands: series, lists of units, sheets, computed figures, reviews."""

from typing import Any
from uuid import UUID

import pytest
from reporting_house import PERIOD, add_indicators, open_half, sheet, staff_of, submit_all
from snapshot_house import approve_some, issue, make
from sqlalchemy import text
from targets_house import CITY, COMMUNES, NOW, House, Person, StatementCount, add_indicator, report_body, rows
from territory_2025 import CITY_CODE, former, front, put_in_place_of_the_others, report_period
from test_targets_disputes import body, concluded_case

from servicekit.db import Database
from targets.domain.periods import Period, parse_period

HERE, THERE = COMMUNES[0], COMMUNES[1]
SAID = "Có 1 số liệu đang bị nghi vấn, chờ giải trình."
SECRET = "Đoàn giám sát"


@pytest.fixture
def officer(house: House) -> Person:
    """Leads oversight at the city's Front committee."""
    return house.person(("front_officer", CITY))


async def raise_one(officer: Person, database: Database, **more: Any) -> None:
    made = await officer.post("/disputes", body(await concluded_case(database), **more))
    assert made.status_code == 201, made.text


async def test_series_and_units_are_marked_and_cost_four_statements(
    house: House, period: Any, officer: Person, monitor: Person, database: Database
) -> None:
    await period()
    await approve_some(house)
    await raise_one(officer, database)
    for organisation, marked in ((None, True), (CITY, True), (HERE, True), (THERE, False)):
        query = {} if organisation is None else {"organisation_id": str(organisation)}
        for view in ("as_reported", "restated"):
            found = await monitor.get("/indicators/TGT-01/series", view=view, day="2026-11-01", **query)
            assert [one["disputed"] for one in found.json()["points"]] == [marked], (organisation, view)
    point = found.json()["points"][0]
    assert (point["disputed_values"], point["disputed_vi"]) == (0, None)
    for view in ("as_reported", "restated"):
        with StatementCount(house.runtime.database) as counted:
            listed = (await monitor.get("/indicators/TGT-01/units", period="2025", view=view, day="2026-11-01")).json()
        assert len(counted) <= 4, counted.statements
        assert (listed["whole"]["disputed"], listed["whole"]["disputed_vi"]) == (True, SAID)
        marked = {one["organisation"]["organisation_id"] for one in listed["items"] if one["disputed"]}
        assert marked == {str(HERE)}
    with StatementCount(house.runtime.database) as counted:
        await monitor.get("/indicators/TGT-01/series", organisation_id=str(HERE), view="restated")
    assert len(counted) <= 4, counted.statements
    assert SECRET not in str(listed)


_DISPUTE = text(
    "INSERT INTO dispute (kind, indicator_id, period, first_day, last_day, organisation_id, source_organisation_id,"
    " status, version, told, reason_code, text, raised_by, raised_on, anchor_on, due_on, due_provisional, rule_key,"
    " rule_version, created_at, changed_at)"
    " SELECT 'oversight_finding', id, :period, :first, :last, :organisation, :organisation, 'open', 1, 1, 'other', 'x',"
    " gen_random_uuid(), :first, :first, :first, false, 'IND.DISPUTE_ANSWER', 1, :now, :now"
    " FROM indicator WHERE code = 'TGT-01'"
)


async def store_one(database: Database, span: Period, organisation: UUID) -> None:
    """Store a dispute of a unit that has ended."""
    given = {"period": span.code, "first": span.first_day, "last": span.last_day, "organisation": organisation}
    async with database.write() as session:
        await session.execute(_DISPUTE, given | {"now": NOW})


async def test_a_restated_figure_is_marked_by_what_its_predecessors_reported(house: House, database: Database) -> None:
    """31178 Bùi Hữu Nghĩa went to two wards, so its disputed value stands in both; 31213 goes on alone."""
    await put_in_place_of_the_others(database, NOW)
    quarter = parse_period("2025Q1")
    own = {former(code): (10, 20) for code in ("31178", "31213")}
    await report_period(database, quarter, own, now=NOW)
    await store_one(database, quarter, former("31178"))
    await house.runtime.book.refresh()
    reader = house.person(("auditor", front(CITY_CODE)))
    heirs = {str(front("31120")), str(front("31168"))}
    listed = (await reader.get("/indicators/TGT-01/units", period="2025Q1", view="restated")).json()
    assert {one["organisation"]["organisation_id"] for one in listed["items"] if one["disputed"]} == heirs
    before = (await reader.get("/indicators/TGT-01/units", period="2025Q1")).json()
    assert [one["organisation"]["organisation_id"] for one in before["items"] if one["disputed"]] == [
        str(former("31178"))
    ]
    for organisation, marked in ((front("31120"), True), (front("31213"), False), (front(CITY_CODE), True)):
        query = {"organisation_id": str(organisation), "period_kind": "quarter", "view": "restated"}
        series = (await reader.get("/indicators/TGT-01/series", **query)).json()
        assert [one["disputed"] for one in series["points"]] == [marked], organisation


async def test_a_disputed_line_of_a_sheet_is_marked(house: House, officer: Person, database: Database) -> None:
    staff = staff_of(house)
    codes = await add_indicators(database, 2)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    await raise_one(officer, database, indicator_code=codes[0], period=PERIOD)
    for unit, marked in ((HERE, [True, False]), (THERE, [False, False])):
        lines = (await staff.city.get(sheet(unit))).json()["lines"]
        assert [line["disputed"] for line in lines] == marked
    lines = (await staff.unit.get(sheet(HERE))).json()["lines"]
    assert (lines[0]["disputed_values"], lines[0]["disputed_vi"], lines[1]["disputed_vi"]) == (1, SAID, None)


async def test_a_figure_is_marked_by_every_version_of_its_formula(
    house: House, period: Any, officer: Person, monitor: Person, database: Database
) -> None:
    """2025 is still computed by the formula the resolution brought, 2026 by the one that was set."""
    await add_indicator(
        database, "CAL-01", like="TGT-01", source="formula", formula={"numerator": "TGT-01.numerator",
                                                                      "denominator": "TGT-01.denominator"},
    )  # fmt: skip
    await period()
    await approve_some(house)
    await raise_one(officer, database)
    before = (await monitor.get("/indicators/CAL-01/progress", period="2025")).json()
    assert before["disputed"] is True
    read = await monitor.get("/indicators/CAL-01/formula")
    other = {"numerator": "TGT-03.numerator", "denominator": "TGT-03.denominator"}
    decided = {"applies_from": "2026-01-01", "decision": "12-QĐ/BTGDV", "decided_on": "2026-01-05"}
    changed = await monitor.put("/indicators/CAL-01/formula", other | decided, etag=read.headers["etag"])
    assert changed.status_code == 200, changed.text
    after = (await monitor.get("/indicators/CAL-01/progress", period="2025")).json()
    assert (after["numerator"], after["disputed"]) == (before["numerator"], True)
    # One that was set and applies to 2025, too, adds what it names.
    back = {"numerator": "TGT-01.numerator", "denominator": "TGT-01.denominator + TGT-03.numerator"}
    await period("TGT-03")
    await raise_second(officer, house, database)
    decided["applies_from"] = "2021-12-27"
    set_ = await monitor.put("/indicators/CAL-01/formula", back | decided, etag=changed.headers["etag"])
    assert set_.status_code == 200, set_.text
    named = (await monitor.get("/indicators/CAL-01/progress", period="2025")).json()
    assert named["disputed_values"] == 2


async def raise_second(officer: Person, house: House, database: Database) -> None:
    """Dispute another unit's value of TGT-03."""
    operator = house.person(("reporter", CITY))
    made = await operator.post("/reports", report_body(THERE, 300, 400, indicator_code="TGT-03"))
    assert made.status_code == 201, made.text
    await operator.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
    await raise_one(officer, database, indicator_code="TGT-03", organisation=THERE)


async def test_a_review_says_what_was_disputed_and_not_why(
    house: House, period: Any, officer: Person, monitor: Person, approver: Person, database: Database
) -> None:
    await period()
    await approve_some(house)
    await raise_one(officer, database)
    snapshot = await make(monitor)
    for place, marked in ((HERE, True), (CITY, True), ("city", True), (THERE, False)):
        figure = (await monitor.get(f"/snapshots/{snapshot[0]}/figures/TGT-01_2025_{place}")).json()
        assert figure["disputed"] is marked
        said = [(one["text_vi"], one["text_en"]) for one in figure["disputes"]]
        assert said == ([(SAID, "Contains 1 disputed value, waiting for an answer.")] if marked else [])
    await issue(approver, snapshot)
    base = "/api/v1/targets"
    public = (await house.client.get(f"{base}/published/{snapshot[0]}/figures/TGT-01_2025_city")).json()
    assert (public["disputed"], public["disputes"][0]["text_vi"]) == (True, SAID)
    files = f"{base}/published-files/{snapshot[0]}"
    document = (await house.client.get(f"{files}/document.md")).text
    assert "Có 1 số liệu đang bị nghi vấn" in document
    data = (await house.client.get(f"{files}/data.csv")).text
    assert {line.split(",")[-2] for line in data.splitlines()[1:]} == {"true", "false"}
    sdmx = (await house.client.get(f"{files}/data.sdmx-csv")).text
    assert {line.rsplit(",", 1)[1] for line in sdmx.splitlines()} == {"DISPUTED", "true", "false"}
    stored = str(await rows(database, "SELECT content FROM snapshot UNION ALL SELECT content FROM published_snapshot"))
    for text_ in (document, data, sdmx, str(public), stored):
        assert SECRET not in text_
