"""Closing, reopening by request, and locking again when the clock moves on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from reporting_house import AT, HERE, THERE, Staff, add_indicators, open_half, put, value
from targets_house import CITY, NOW, House, rows

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database
from targets.jobs import LOCK_PERIODS

UNTIL = "2026-11-27"


async def close(staff: Staff) -> str:
    """Open a half-year of one indicator and close it; return the period's id."""
    opened = await open_half(staff)
    closed = await staff.monitor.post(f"{AT}/close", {}, etag=opened.headers["etag"])
    assert closed.status_code == 200, closed.text
    period_id: str = closed.json()["indicators"][0]["period_id"]
    return period_id


def wanted(*units: Any, until: str = UNTIL) -> dict[str, Any]:
    return {"organisation_ids": [str(unit) for unit in units], "until_on": until, "reason": "Nhập nhầm"}


async def test_a_unit_is_let_in_alone_until_the_day_named_and_locked_again(
    house: House, staff: Staff, database: Database
) -> None:
    codes = await add_indicators(database, 1)
    period_id = await close(staff)
    asked = await staff.unit.post(f"/periods/{period_id}/reopen-requests", wanted(HERE))
    assert asked.status_code == 201, asked.text
    path = f"/reopen-requests/{asked.json()['id']}"
    assert (await put(staff.unit, HERE, [value(codes[0])], etag='"0"')).json()["code"] == "period_closed"
    assert (await staff.unit.post(f"{path}/approve", {}, etag='"1"')).status_code == 403
    done = await staff.monitor.post(f"{path}/approve", {}, etag='"1"')
    assert (done.status_code, done.json()["status"]) == (200, "approved"), done.text
    entered = await put(staff.unit, HERE, [value(codes[0])], etag='"0"')
    assert entered.status_code == 200, entered.text
    other = await put(staff.neighbour, THERE, [value(codes[0])], etag='"0"')
    assert (other.status_code, other.json()["code"]) == (409, "period_closed")
    house.clock.at = datetime(2026, 11, 27, 16, 59, tzinfo=UTC)  # 23:59 of the day named
    assert (await put(staff.unit, HERE, [value(codes[0], 741)], etag='"1"')).status_code == 200
    house.clock.at += timedelta(minutes=1)
    late = await put(staff.unit, HERE, [value(codes[0], 742)], etag='"2"')
    assert (late.status_code, late.json()["code"]) == (409, "period_closed")
    for _ in range(2):
        await LOCK_PERIODS.run(house.runtime.database, house.runtime, house.clock.at)
    assert (await staff.unit.get(path)).json()["status"] == "relocked"
    told = await rows(
        database, "SELECT type, sequence FROM outbox WHERE type LIKE 'targets.period.%' ORDER BY sequence"
    )
    assert [one["type"].split(".")[2] for one in told] == ["opened", "closed", "reopened", "relocked"]
    assert [one["sequence"] for one in told] == [1, 2, 3, 4]
    audits = await rows(
        database, "SELECT action FROM audit_entry WHERE subject_type = 'reopen_request' ORDER BY at, id"
    )
    assert [one["action"] for one in audits] == [
        "period.ask_to_reopen", "period.approve_reopening", "period.relock",
    ]  # fmt: skip
    again = await staff.unit.post(f"/periods/{period_id}/reopen-requests", wanted(HERE, until="2026-12-01"))
    assert again.status_code == 201


async def test_the_job_alone_locks_again_too(house: House, staff: Staff, database: Database) -> None:
    await add_indicators(database, 1)
    period_id = await close(staff)
    asked = await staff.unit.post(f"/periods/{period_id}/reopen-requests", wanted(HERE))
    await staff.monitor.post(f"/reopen-requests/{asked.json()['id']}/approve", {}, etag='"1"')
    await LOCK_PERIODS.run(house.runtime.database, house.runtime, NOW)
    assert (await rows(database, "SELECT relocked_at FROM reopening"))[0]["relocked_at"] is None
    later = NOW + timedelta(days=5)
    await LOCK_PERIODS.run(house.runtime.database, house.runtime, later)
    assert (await rows(database, "SELECT relocked_at FROM reopening"))[0]["relocked_at"] == later


async def test_whoever_asks_does_not_decide(staff: Staff, database: Database, made: MadeDatabase) -> None:
    await add_indicators(database, 1)
    period_id = await close(staff)
    everyone = {"until_on": UNTIL, "reason": "Khóa nhầm"}
    asked = await staff.monitor.post(f"/periods/{period_id}/reopen-requests", everyone)
    assert len(asked.json()["organisation_ids"]) == 103
    path = f"/reopen-requests/{asked.json()['id']}"
    own = await staff.monitor.post(f"{path}/approve", {}, etag='"1"')
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    connection = await asyncpg.connect(made.app_dsn)
    await connection.execute("SET ROLE targets_house")
    with pytest.raises(asyncpg.CheckViolationError, match="decided_by_another"):
        await connection.execute("UPDATE reopen_request SET decided_by = requested_by")
    await connection.close()
    silent = await staff.other_monitor.post(f"{path}/refuse", {}, etag='"1"')
    assert silent.json()["code"] == "reason_missing"
    refused = await staff.other_monitor.post(f"{path}/refuse", {"reason": "Không cần"}, etag='"1"')
    assert refused.json()["status"] == "refused"
    twice = await staff.other_monitor.post(f"{path}/approve", {}, etag=refused.headers["etag"])
    assert twice.json()["code"] == "step_not_allowed"
    stale = await staff.other_monitor.post(f"{path}/approve", {}, etag='"1"')
    assert stale.status_code == 412


async def test_bad_requests_are_refused_and_leave_nothing(staff: Staff, house: House, database: Database) -> None:
    await add_indicators(database, 1)
    opened = await open_half(staff)
    path = f"/periods/{opened.json()['indicators'][0]['period_id']}/reopen-requests"
    still_open = await staff.unit.post(path, wanted(HERE))
    assert (still_open.status_code, still_open.json()["code"]) == (409, "period_not_closed")
    await staff.monitor.post(f"{AT}/close", {}, etag=opened.headers["etag"])
    for given, status, code in (
        (wanted(HERE, until="2026-11-22"), 422, "bad_reopening"),
        (wanted(HERE, until="2027-11-22"), 422, "bad_reopening"),
        (wanted(THERE), 404, "not_found"),
        ({"until_on": UNTIL, "reason": "Tất cả"}, 403, "forbidden"),
        (wanted(HERE) | {"reason": " "}, 422, "invalid"),
    ):
        answer = await staff.unit.post(path, given)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    above = await house.person(("front_officer", CITY)).post(path, wanted(CITY))
    assert above.json()["errors"][0]["code"] == "owes_nothing"
    assert (await rows(database, "SELECT count(*) AS n FROM reopen_request"))[0]["n"] == 0


async def test_others_do_not_see_a_request(staff: Staff, house: House, database: Database) -> None:
    await add_indicators(database, 1)
    period_id = await close(staff)
    asked = (await staff.unit.post(f"/periods/{period_id}/reopen-requests", wanted(HERE))).json()
    assert (await staff.neighbour.get(f"/reopen-requests/{asked['id']}")).status_code == 404
    assert (await staff.neighbour.get("/reopen-requests")).json()["items"] == []
    assert len((await staff.monitor.get("/reopen-requests", status="requested")).json()["items"]) == 1


async def test_a_period_closes_by_itself_when_its_form_says_so(house: House, staff: Staff, database: Database) -> None:
    await add_indicators(database, 2)
    house.clock.at = datetime(2026, 7, 1, 3, tzinfo=UTC)
    await open_half(staff)
    due = (await staff.monitor.get(AT)).json()["due_on"]
    assert due == "2026-07-14"
    day = datetime(2026, 10, 12, 3, tzinfo=UTC)  # the ninetieth day after
    await LOCK_PERIODS.run(house.runtime.database, house.runtime, day)
    assert {one["status"] for one in (await staff.monitor.get(AT)).json()["indicators"]} == {"open"}
    await LOCK_PERIODS.run(house.runtime.database, house.runtime, day + timedelta(days=1))
    assert {one["status"] for one in (await staff.monitor.get(AT)).json()["indicators"]} == {"closed"}
    audited = await rows(
        database,
        "SELECT actor_kind, reason, count(*) AS n FROM audit_entry WHERE action = 'period.close' GROUP BY 1, 2",
    )
    assert [tuple(one.values()) for one in audited] == [("system", "expired", 2)]


async def test_what_is_opened_late_has_its_days_too(house: House, staff: Staff, database: Database) -> None:
    await add_indicators(database, 1)
    house.clock.at = datetime(2026, 11, 20, 3, tzinfo=UTC)  # the half-year's own ninety days are over
    await open_half(staff)
    for days, status in ((1, "open"), (90, "open"), (91, "closed")):
        await LOCK_PERIODS.run(house.runtime.database, house.runtime, house.clock.at + timedelta(days=days))
        assert {one["status"] for one in (await staff.monitor.get(AT)).json()["indicators"]} == {status}
