"""A form over HTTP: a half-year opened as a whole, filled by sheet, closed."""

from reporting_house import (
    AT,
    FORM,
    HERE,
    PERIOD,
    Staff,
    add_indicators,
    open_half,
    put,
    sheet,
    value,
)
from sqlalchemy import text
from targets_house import House, StatementCount, rows

from servicekit.db import Database


async def test_the_seeded_forms_take_their_indicators_from_the_resolution(staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 3)
    listed = (await staff.unit.get("/forms")).json()["items"]
    assert [form["code"] for form in listed] == ["NQ08-S", "NQ08-Y"]
    half = (await staff.unit.get(f"/forms/{FORM}")).json()
    assert [one["code"] for one in half["holds"]] == codes
    assert [level["key"] for level in half["levels"]] == ["district_front", "city_front", "board"]


async def test_a_form_is_made_and_changed_by_the_monitoring_board_only(staff: Staff, database: Database) -> None:
    body = {
        "code": "RIENG",
        "name_vi": "Biểu riêng",
        "name_en": "Own form",
        "period_kind": "year",
        "indicators": ["TGT-03", "TGT-01"],
        "levels": [
            {"key": "city", "act": "verify", "name_vi": "TP", "name_en": "City", "kind": "front_committee",
             "level": "city"},
            {"key": "board", "act": "approve", "name_vi": "Ban", "name_en": "Board"},
        ],
        "steps": [{"key": "before_3", "days": -3, "to": "unit"}],
    }  # fmt: skip
    assert (await staff.unit.post("/forms", body)).status_code == 403
    wrong = await staff.monitor.post("/forms", body | {"levels": body["levels"][:1]})
    assert {one["code"] for one in wrong.json()["errors"]} == {"approve_last", "too_few"}
    unknown = await staff.monitor.post("/forms", body | {"indicators": ["TGT-99"]})
    assert unknown.json()["code"] == "unknown_indicator"
    made = await staff.monitor.post("/forms", body)
    assert made.status_code == 201, made.text
    held = (await staff.unit.get("/forms/RIENG")).json()["holds"]
    assert [one["code"] for one in held] == ["TGT-03", "TGT-01"]
    changed = await staff.monitor.patch("/forms/RIENG", {"expiry_days": 30}, etag=made.headers["etag"])
    assert (changed.json()["version"], changed.json()["expiry_days"]) == (2, 30)
    stale = await staff.monitor.patch("/forms/RIENG", {"expiry_days": 31}, etag=made.headers["etag"])
    assert stale.status_code == 412
    audited = await rows(database, "SELECT action FROM audit_entry WHERE subject_type = 'form' ORDER BY at, id")
    assert [one["action"] for one in audited] == ["form.create", "form.change"]


async def test_a_half_year_is_opened_as_a_whole_in_few_statements(
    house: House, staff: Staff, database: Database
) -> None:
    await add_indicators(database, 60)
    with StatementCount(house.runtime.database) as counted:
        opened = await open_half(staff)
    body = opened.json()
    assert (len(body["indicators"]), body["expected"]) == (60, 60 * 103)
    assert len(counted) <= 16, counted.statements
    told = await rows(database, "SELECT count(*) AS n FROM outbox WHERE type = 'targets.period.opened.v1'")
    audits = await rows(database, "SELECT count(*) AS n FROM audit_entry WHERE action = 'period.open'")
    assert (told[0]["n"], audits[0]["n"]) == (60, 60)
    again = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": PERIOD})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    wrong = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": "2026"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_form_period")
    ahead = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": "2027S1"})
    assert ahead.json()["code"] == "period_not_begun"


async def test_an_indicator_opened_alone_joins_the_form_and_a_new_one_is_opened_later(
    staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 2)
    alone = await staff.monitor.post("/periods", {"indicator_code": codes[0], "period": PERIOD})
    assert alone.status_code == 201
    opened = await open_half(staff)
    assert {one["indicator_code"] for one in opened.json()["indicators"]} == set(codes)
    async with database.write() as session:
        await session.execute(text("UPDATE indicator SET reporting_kinds = '{half,year}' WHERE code = 'TGT-01'"))
    later = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": PERIOD})
    assert later.status_code == 201
    assert len(later.json()["indicators"]) == 3


async def test_a_sheet_is_stored_as_a_whole_or_not_at_all(staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 3)
    await open_half(staff)
    read = await staff.unit.get(sheet(HERE))
    assert (read.headers["etag"], [line["report"] for line in read.json()["lines"]]) == ('"0"', [None] * 3)
    bad = [value(codes[0]), value(codes[1], 1001), value("TGT-99"), value(codes[0])]
    refused = await put(staff.unit, HERE, bad, etag='"0"')
    assert (refused.status_code, refused.json()["code"]) == (422, "sheet_refused")
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [
        (f"{codes[1]}.numerator", "above_denominator"),
        ("TGT-99", "not_on_sheet"),
        (codes[0], "twice"),
    ]
    assert (await rows(database, "SELECT count(*) AS n FROM report"))[0]["n"] == 0
    stored = await put(staff.unit, HERE, [value(codes[0]), value(codes[1])], etag='"0"')
    assert (stored.json()["entered"], stored.json()["changed"], stored.headers["etag"]) == (2, 0, '"2"')
    again = await put(staff.unit, HERE, [value(codes[0]), value(codes[1], 741)], etag='"2"')
    assert [again.json()[name] for name in ("entered", "changed", "unchanged")] == [0, 1, 1]
    assert (await put(staff.unit, HERE, [value(codes[2])], etag='"2"')).status_code == 412
    assert (await put(staff.neighbour, HERE, [value(codes[2])], etag='"3"')).status_code == 404
    early = await staff.unit.post(f"{sheet(HERE)}/submit", etag='"3"')
    assert [(one["field"], one["code"]) for one in early.json()["errors"]] == [(codes[2], "missing")]
    full = await put(staff.unit, HERE, [value(codes[2])], etag='"3"')
    sent = await staff.unit.post(f"{sheet(HERE)}/submit", etag=full.headers["etag"])
    assert {line["report"]["status"] for line in sent.json()["lines"]} == {"submitted"}
    locked = await put(staff.unit, HERE, [value(codes[0], 1)], etag=sent.headers["etag"])
    assert [one["code"] for one in locked.json()["errors"]] == ["step_not_allowed"]
    same = await put(staff.unit, HERE, [value(codes[0])], etag=sent.headers["etag"])
    assert same.json()["unchanged"] == 1


async def test_the_previous_period_stands_on_the_sheet(house: House, staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 1)
    earlier = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": "2025S2"})
    assert earlier.status_code == 201, earlier.text
    before = f"/api/v1/targets/forms/{FORM}/periods/2025S2/organisations/{HERE}"
    headers = staff.unit.headers | {"If-Match": '"0"'}
    await staff.unit.client.put(before, json={"values": [value(codes[0], 700)]}, headers=headers)
    await open_half(staff)
    line = (await staff.unit.get(sheet(HERE))).json()["lines"][0]
    assert line["previous"] == {"status": "draft", "numerator": "700", "denominator": "1000"}


async def test_a_form_period_is_closed_as_a_whole(staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 2)
    opened = await open_half(staff)
    assert (await staff.unit.post(f"{AT}/close", {}, etag=opened.headers["etag"])).status_code == 403
    closed = await staff.monitor.post(f"{AT}/close", {"reason_code": "final"}, etag=opened.headers["etag"])
    assert {one["status"] for one in closed.json()["indicators"]} == {"closed"}
    again = await staff.monitor.post(f"{AT}/close", {}, etag=closed.headers["etag"])
    assert (again.status_code, again.json()["code"]) == (409, "step_not_allowed")
    entered = await put(staff.unit, HERE, [value(codes[0])], etag='"0"')
    assert (entered.status_code, entered.json()["code"]) == (409, "period_closed")
    told = await rows(database, "SELECT sequence FROM outbox WHERE type = 'targets.period.closed.v1'")
    assert [one["sequence"] for one in told] == [2, 2]
