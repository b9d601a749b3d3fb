"""A form over HTTP: a half-year opened as a whole, filled by sheet, signed level by level, closed."""

import asyncio
import uuid

import pytest
from reporting_house import (
    AT,
    FORM,
    HERE,
    PERIOD,
    THERE,
    Staff,
    add_indicators,
    approve_all,
    open_half,
    put,
    put_district_between,
    sheet,
    sign,
    staff_of,
    submit_all,
    value,
    waiting,
)
from sqlalchemy import text
from targets_house import CITY, COMMUNES, House, StatementCount, rows

from servicekit.db import Database


@pytest.fixture
def staff(house: House) -> Staff:
    return staff_of(house)


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


async def test_levels_sign_in_order_and_every_refusal_is_told(staff: Staff, house: House, database: Database) -> None:
    codes = await add_indicators(database, 2)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    await submit_all(staff.city, THERE, codes)
    own = house.person(("verifier", HERE))
    reports = await waiting(staff.verifier)
    assert (len(reports), {one["level"] for one in reports}) == (4, {"city_front"})
    at_unit = await sign(own, "verify", [one for one in reports if one["organisation_id"] == str(HERE)], HERE)
    assert {one["code"] for one in at_unit.json()["units"][0]["refused"]} == {"other_level"}
    mixed = [*reports[:3], {"report_id": str(uuid.uuid4()), "version": 1}, reports[3] | {"version": 9}]
    checked = (await sign(staff.verifier, "verify", mixed)).json()
    assert (checked["accepted"], checked["refused"]) == (3, 2)
    refused = {one["code"] for unit in checked["units"] for one in unit["refused"]}
    assert refused == {"not_found", "stale_version"}
    too_early = await sign(staff.approver, "approve", [reports[3]])
    assert too_early.json()["units"][0]["refused"][0]["code"] == "step_not_allowed"
    signed = await sign(staff.approver, "approve", await waiting(staff.approver, act="approve"))
    assert signed.json()["accepted"] == 3
    kept = await rows(database, "SELECT level, count(*) AS n FROM sign_off GROUP BY level ORDER BY level")
    assert [tuple(one.values()) for one in kept] == [("board", 3), ("city_front", 3)]
    rolled = await rows(
        database, "SELECT counted FROM roll_up WHERE period = :p AND organisation_id IS NULL ORDER BY counted", p=PERIOD
    )
    assert [one["counted"] for one in rolled] == [1, 2]


async def test_a_district_signs_before_the_city_where_there_is_one(
    house: House, staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 1)
    district = await put_district_between(database, HERE)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    assert await waiting(staff.verifier) == []
    first = house.person(("verifier", district))
    [report] = await waiting(first, district)
    assert report["level"] == "district_front"
    early = await sign(staff.verifier, "verify", [report])
    assert early.json()["units"][0]["refused"][0]["code"] == "other_level"
    both = house.person(("verifier", district), ("verifier", CITY))
    endorsed = (await sign(both, "verify", [report], district)).json()["units"][0]["accepted"][0]
    assert endorsed["status"] == "submitted"
    twice = await sign(both, "verify", [report | {"version": endorsed["version"]}])
    assert twice.json()["units"][0]["refused"][0]["code"] == "same_person"
    assert await waiting(both) == []
    [report] = await waiting(staff.verifier)
    done = (await sign(staff.verifier, "verify", [report])).json()["units"][0]["accepted"][0]
    assert done["status"] == "verified"
    told = await rows(database, "SELECT data FROM outbox WHERE type = 'targets.report.endorsed.v1'")
    assert told[0]["data"]["level"] == "district_front"


async def test_one_person_does_not_sign_twice_nor_the_own_entry_in_bulk(
    house: House, staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 1)
    await open_half(staff)
    many = house.person(("reporter", CITY), ("verifier", CITY), ("approver", staff.approver.grants[0][1]))
    await submit_all(many, HERE, codes)
    await submit_all(staff.city, THERE, codes)
    reports = [one | {} for one in await waiting(staff.verifier)]
    checked = (await sign(many, "verify", reports)).json()
    assert (checked["accepted"], checked["refused"]) == (1, 1)
    assert [one["code"] for unit in checked["units"] for one in unit["refused"]] == ["same_person"]
    verified = [one for unit in checked["units"] for one in unit["accepted"]]
    again = (await sign(many, "approve", verified)).json()
    assert [one["code"] for unit in again["units"] for one in unit["refused"]] == ["same_person"]


async def test_two_persons_approve_everything_at_the_same_time(staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 4)
    await open_half(staff)
    for unit in COMMUNES[:5]:
        await submit_all(staff.city, unit, codes)
    checked = await sign(staff.verifier, "verify", await waiting(staff.verifier))
    assert checked.json()["accepted"] == 20
    reports = await waiting(staff.approver, act="approve")
    both = await asyncio.gather(
        sign(staff.approver, "approve", reports), sign(staff.other_approver, "approve", reports)
    )
    assert [answer.status_code for answer in both] == [200, 200]
    assert sorted(answer.json()["accepted"] for answer in both) == [0, 20]
    loser = next(answer for answer in both if answer.json()["accepted"] == 0).json()
    assert {one["code"] for unit in loser["units"] for one in unit["refused"]} == {"stale_version"}
    told = await rows(database, "SELECT count(*) AS n FROM outbox WHERE type = 'targets.report.approved.v1'")
    assert told[0]["n"] == 20
    counted = await rows(database, "SELECT counted FROM roll_up WHERE organisation_id IS NULL AND period = '2026S1'")
    assert [one["counted"] for one in counted] == [5] * 4


async def test_many_are_sent_back_each_with_its_reason_and_returns_are_counted(
    staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 2)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    reports = await waiting(staff.verifier)
    named = [
        {"report_id": one["report_id"], "version": one["version"], "reason": f"Thiếu nguồn {place}"}
        for place, one in enumerate(reports)
    ]
    sent = await staff.verifier.post(f"{sheet(CITY)}/return", {"reports": named})
    assert sent.json()["accepted"] == 2
    lines = (await staff.unit.get(sheet(HERE))).json()["lines"]
    assert {line["report"]["return_reason"] for line in lines} == {"Thiếu nguồn 0", "Thiếu nguồn 1"}
    assert {line["report"]["returns"] for line in lines} == {1}
    again = await staff.unit.post(f"{sheet(HERE)}/submit", etag='"6"')
    assert {one["code"] for one in again.json()["errors"]} == {"step_not_allowed"}
    single = (await staff.unit.get(f"/reports/{reports[0]['report_id']}")).json()
    assert (single["returns"], single["may_submit"], single["may_verify"]) == (1, False, False)


async def test_a_signed_off_round_ends_with_a_return(staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 1)
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    await sign(staff.verifier, "verify", await waiting(staff.verifier))
    [report] = await waiting(staff.approver, act="approve")
    named = [{"report_id": report["report_id"], "version": report["version"], "reason": "Cần biên bản"}]
    await staff.approver.post(f"{sheet(CITY)}/return", {"reports": named})
    read = await staff.unit.get(sheet(HERE))
    fixed = await put(staff.unit, HERE, [value(codes[0], 741)], etag=read.headers["etag"])
    await staff.unit.post(f"{sheet(HERE)}/submit", etag=fixed.headers["etag"])
    await approve_all(staff)
    rounds = await rows(database, "SELECT round, level FROM sign_off ORDER BY round, level")
    assert [tuple(one.values()) for one in rounds] == [(1, "city_front"), (3, "board"), (3, "city_front")]


async def test_the_whole_city_is_approved_in_few_statements(house: House, staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 3)
    await open_half(staff)
    for unit in COMMUNES[:20]:
        await submit_all(staff.city, unit, codes)
    reports = await waiting(staff.verifier)
    with StatementCount(house.runtime.database) as counted:
        checked = await sign(staff.verifier, "verify", reports)
    assert checked.json()["accepted"] == 60
    assert len(counted) <= 14, counted.statements


async def test_thousands_are_approved_at_once_in_few_statements(house: House, staff: Staff, database: Database) -> None:
    await add_indicators(database, 60)
    await open_half(staff)
    entered, checked = uuid.uuid4(), uuid.uuid4()
    async with database.write() as session:
        await session.execute(text(_VERIFIED), {"entered": entered, "checked": checked})
        await session.execute(text(_SIGNED), {"checked": checked, "city": CITY})
    reports = await waiting(staff.approver, act="approve")
    assert len(reports) == 60 * 103
    assert (await sign(staff.approver, "approve", reports[:2001])).status_code == 422
    with StatementCount(house.runtime.database) as counted:
        signed = await sign(staff.approver, "approve", reports[:2000])
    assert (signed.json()["accepted"], signed.json()["refused"]) == (2000, 0)
    assert len(counted) <= 18, counted.statements
    whole = "SELECT sum(counted) AS n FROM roll_up WHERE organisation_id IS NULL AND period = '2026S1'"
    assert (await rows(database, whole))[0]["n"] == 2000


_VERIFIED = """
INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator, breakdown,
                    counting_method, entered_by, submitted_by, submitted_on, held_to, verified_by, created_at,
                    changed_at, round)
SELECT p.id, e.organisation_id, 'verified', 3, 2, 740, 1000, '{}', 'distinct_persons', :entered, :entered,
       p.due_on, p.due_on, :checked, p.opened_at, p.opened_at, 1
  FROM reporting_period p JOIN expected_report e ON e.period_id = p.id"""
_SIGNED = """
INSERT INTO sign_off (report_id, round, level, organisation_id, person_id, at)
SELECT id, round, 'city_front', :city, :checked, changed_at FROM report"""


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
