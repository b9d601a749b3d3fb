"""Signing many reports at once: level by level, by different persons, every refusal told, in few statements."""

import asyncio
import uuid

from reporting_house import (
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
    submit_all,
    value,
    waiting,
)
from sqlalchemy import text
from targets_house import CITY, COMMUNES, House, StatementCount, rows

from servicekit.db import Database


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
