"""Changes of reports: versions, repeats, two at once, and what one call costs."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from targets_house import BOARD, CITY, COMMUNES, NOW, House, Person, StatementCount, report_body, rows, submit_one

from servicekit.db import Database
from servicekit.errors import StaleVersion
from servicekit.identity import Actor, Grant
from targets.actions.move_report import move_report
from targets.queries.reports import find_report

Open = Callable[..., Any]
HERE = COMMUNES[0]


async def test_versions(period: Open, operator: Person, verifier: Person) -> None:
    await period()
    path, etag = await submit_one(operator)
    missing = await verifier.client.post(f"/api/v1/targets{path}/verify", headers=verifier.headers)
    assert missing.status_code == 428
    stale = await verifier.post(f"{path}/verify", etag='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await verifier.post(f"{path}/verify", etag="2")).status_code == 400
    skipped = await verifier.post(f"{path}/verify", etag=etag)
    assert skipped.status_code == 200
    twice = await verifier.post(f"{path}/verify", etag=skipped.headers["etag"])
    assert (twice.status_code, twice.json()["code"]) == (409, "step_not_allowed")


async def test_entering_twice_with_one_key_makes_one_report(period: Open, operator: Person, database: Database) -> None:
    await period()
    key = str(uuid.uuid4())
    first = await operator.post("/reports", report_body(HERE), key=key)
    second = await operator.post("/reports", report_body(HERE), key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    other = await operator.post("/reports", report_body(HERE, 1, 2), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    bare = await operator.client.post("/api/v1/targets/reports", json=report_body(HERE), headers=operator.headers)
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_required")
    assert len(await rows(database, "SELECT 1 FROM report")) == 1


async def test_an_unchanged_draft_stays_as_it_is(period: Open, operator: Person, database: Database) -> None:
    await period()
    made = await operator.post("/reports", report_body(HERE))
    path = f"/reports/{made.json()['id']}"
    same = await operator.patch(path, {"numerator": "740.0"}, etag=made.headers["etag"])
    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    nothing = await operator.patch(path, {"reason": "x"}, etag=made.headers["etag"])
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing_to_change")
    above = await operator.patch(path, {"numerator": 2000}, etag=made.headers["etag"])
    assert (above.status_code, above.json()["code"]) == (422, "bad_figures")
    assert len(await rows(database, "SELECT 1 FROM report_change")) == 1


async def test_statement_counts(house: House, period: Open, operator: Person, verifier: Person) -> None:
    opened = await period()
    counts: dict[str, int] = {}
    with StatementCount(house.runtime.database) as counted:
        made = await operator.post("/reports", report_body(HERE))
        counts["enter"] = len(counted)
        sent = await operator.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
        counts["submit"] = len(counted) - sum(counts.values())
        await verifier.post(f"/reports/{made.json()['id']}/verify", etag=sent.headers["etag"])
        counts["verify"] = len(counted) - sum(counts.values())
    assert max(counts.values()) <= 10, (counts, counted.statements)
    limits = {
        f"/reports/{made.json()['id']}": 3,
        f"/reports/{made.json()['id']}/history": 4,
        "/reports": 4,
        "/indicators": 4,
        "/indicators/TGT-01": 3,
        "/periods": 4,
        f"/periods/{opened['id']}": 3,
        f"/periods/{opened['id']}/expected": 4,
        f"/periods/{opened['id']}/deadline": 3,
    }
    for path, limit in limits.items():
        with StatementCount(house.runtime.database) as counted:
            assert (await operator.get(path)).status_code == 200, path
        assert len(counted) <= limit, (path, counted.statements)
    with StatementCount(house.runtime.database) as counted:
        await operator.get("/indicators/TGT-01/progress", period="2025")
    assert len(counted) <= 3


async def test_of_two_at_once_one_is_told_that_it_came_too_late(
    period: Open, operator: Person, database: Database
) -> None:
    """The second has read the same version and waits at the row while the first has not committed yet."""
    await period()
    path, etag = await submit_one(operator)
    report_id, version = UUID(path.removeprefix("/reports/")), int(etag.strip('"'))

    async def verify() -> None:
        actor = Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant("verifier", CITY),))
        async with database.write() as session:
            await move_report(session, report_id, action="verify", version=version, actor=actor, now=NOW)

    first = Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant("verifier", CITY),))
    async with database.write() as session:
        await move_report(session, report_id, action="verify", version=version, actor=first, now=NOW)
        second = asyncio.create_task(verify())
        await asyncio.sleep(0.5)
        assert not second.done()
    with pytest.raises(StaleVersion):
        await second
    assert len(await rows(database, "SELECT 1 FROM outbox WHERE type = 'targets.report.verified.v1'")) == 1


async def test_eight_units_enter_at_once_and_one_unit_only_once(
    period: Open, operator: Person, database: Database
) -> None:
    await period()
    bodies = [report_body(COMMUNES[number % 4]) for number in range(8)]
    answers = await asyncio.gather(*(operator.post("/reports", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 4
    assert len(await rows(database, "SELECT 1 FROM report")) == 4


async def test_a_period_is_not_closed_under_a_running_change(
    house: House, period: Open, operator: Person, monitor: Person, database: Database
) -> None:
    opened = await period()
    path, _ = await submit_one(operator)
    actor = Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant("auditor", BOARD),))
    async with database.write() as session:
        await find_report(session, UUID(path.removeprefix("/reports/")), actor, to_change=True)
        closing = asyncio.create_task(
            monitor.post(f"/periods/{opened['id']}/close", {"reason_code": "final"}, etag=opened["etag"])
        )
        await asyncio.sleep(0.5)
        assert not closing.done()
    assert (await closing).status_code == 200
