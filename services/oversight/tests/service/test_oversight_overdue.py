"""Silence past the clock becomes a state: once, on working days only, by the house; a late reply is still a reply."""

import asyncio
from datetime import date
from typing import Any

from sqlalchemy import text

from oversight.jobs import notice_silence

OVERDUE = "SELECT subject, sequence, data FROM outbox WHERE type = 'oversight.recommendation.overdue.v1'"
DUE = date(2026, 12, 8)  # Tuesday
DAY_AFTER = date(2026, 12, 9)
SATURDAY, HOLIDAY, TUESDAY = date(2026, 12, 12), date(2026, 12, 14), date(2026, 12, 15)


async def run_job(world: Any) -> None:
    await notice_silence(world.database, world.runtime, world.clock.now())


async def states(world: Any) -> list[str]:
    return [row.status for row in await world.rows("SELECT status FROM addressee ORDER BY id")]


async def test_the_job_marks_each_silent_addressee_once(world: Any) -> None:
    served = await world.served()
    path = world.part_path(served, world.other_committee)
    await world.post(f"{path}/reply", world.other_head, {"disposition": "accepted", "text": "Tiếp thu"}, etag=1)
    world.clock.go_to(DUE, hour=23)
    await run_job(world)
    assert await states(world) == ["served", "replied"]  # the last day belongs to the body

    world.clock.go_to(DAY_AFTER)
    await run_job(world)
    await run_job(world)
    assert await states(world) == ["overdue", "replied"]
    (event,) = await world.rows(OVERDUE)
    assert event.sequence == 3  # served 1, the sibling's reply 2
    assert event.data == {
        "case_id": served["case_id"],
        "organisation_id": str(world.committee),
        "due_on": "2026-12-08",
        "noticed_on": "2026-12-09",
    }
    (entry,) = await world.rows(
        "SELECT actor_kind, details FROM audit_entry WHERE action = 'recommendation.mark_overdue'"
    )
    assert entry.actor_kind == "system"
    assert entry.details["organisation_id"] == str(world.committee)


async def test_many_jobs_at_once_mark_each_addressee_once(world: Any) -> None:
    await world.served()
    world.clock.go_to(DAY_AFTER)
    await asyncio.gather(*(run_job(world) for _ in range(6)))
    assert await states(world) == ["overdue", "overdue"]
    assert sorted(event.sequence for event in await world.rows(OVERDUE)) == [2, 3]


async def test_days_off_are_not_used_to_note_lateness(world: Any) -> None:
    await world.served(
        addressees=[
            {
                "organisation_id": str(world.committee),
                "reply_due_on": "2026-12-07",
                "reply_due_reason": "Khẩn cấp",
            }
        ]
    )
    for day_off in (SATURDAY, HOLIDAY):
        world.clock.go_to(day_off)
        await run_job(world)
        assert await states(world) == ["served"]
    world.clock.go_to(TUESDAY)
    await run_job(world)
    assert await states(world) == ["overdue"]


async def test_without_the_calendar_the_job_waits(world: Any) -> None:
    await world.served()
    world.clock.go_to(DAY_AFTER)
    world.runtime.book._complete = False
    await run_job(world)
    assert await states(world) == ["served", "served"]


async def test_an_acknowledged_recommendation_can_still_become_overdue(world: Any) -> None:
    served = await world.served()
    path = world.part_path(served, world.committee)
    await world.post(f"{path}/acknowledge", world.head, etag=1)
    world.clock.go_to(DAY_AFTER)
    await run_job(world)
    part = (await world.get(path, world.head)).json()["addressee"]
    assert (part["status"], part["status_text"]) == ("overdue", "Quá hạn, chưa trả lời")
    assert part["available_actions"] == ["reply"]
    assert (part["acknowledged_on"], part["overdue_on"]) == ("2026-11-23", "2026-12-09")


async def test_a_late_reply_is_kept_as_late_and_can_be_verified(world: Any) -> None:
    served = await world.served()
    path = world.part_path(served, world.committee)
    world.clock.go_to(DAY_AFTER)
    await run_job(world)
    body = {"disposition": "partly_accepted", "text": "Tiếp thu một phần."}
    stale = await world.post(f"{path}/reply", world.head, body, etag=1)
    assert stale.status_code == 412  # the job changed the part meanwhile
    part = (await world.post(f"{path}/reply", world.head, body, etag=2)).json()["addressee"]
    assert part["status"] == "replied"
    assert part["reply"]["on_time"] is False
    assert part["overdue_on"] == "2026-12-09"
    await run_job(world)
    assert (await world.get(path, world.head)).json()["addressee"]["status"] == "replied"
    (event,) = await world.rows("SELECT data FROM outbox WHERE type = 'oversight.recommendation.replied.v1'")
    assert (event.data["on_time"], event.data["replied_on"]) == (False, "2026-12-09")
    found = {"finding": "Đã làm", "evidence": "Ảnh hiện trường"}
    verified = await world.post(f"{path}/verify", world.officer, found, etag=3)
    assert verified.json()["addressee"]["status"] == "verified"


async def test_a_reply_after_the_clock_but_before_the_job_is_late_too(world: Any) -> None:
    served = await world.served()
    world.clock.go_to(DAY_AFTER)
    body = {"disposition": "accepted", "text": "Tiếp thu."}
    path = world.part_path(served, world.committee)
    part = (await world.post(f"{path}/reply", world.head, body, etag=1)).json()["addressee"]
    assert (part["reply"]["on_time"], part["overdue_on"]) == (False, None)
    await run_job(world)
    assert await states(world) == ["replied", "overdue"]


async def test_a_reply_that_waits_for_the_job_finds_a_changed_part(world: Any) -> None:
    served = await world.served()
    world.clock.go_to(DAY_AFTER)
    path = world.part_path(served, world.committee)
    body = {"disposition": "accepted", "text": "Tiếp thu."}
    lock = "UPDATE addressee SET status = 'overdue', version = version + 1 WHERE organisation_id = :body"
    request = world.post(f"{path}/reply", world.head, body, etag=1)
    (answer,) = await world.all_waiting_for(lock, {"body": world.committee}, [request])
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert len(await world.rows("SELECT 1 AS one FROM outbox WHERE type LIKE '%replied%'")) == 0


async def test_the_job_passes_over_what_somebody_is_changing(world: Any) -> None:
    await world.served()
    world.clock.go_to(DAY_AFTER)
    async with world.database.write() as session:
        lock = "SELECT 1 FROM addressee WHERE organisation_id = :body FOR UPDATE"
        await session.execute(text(lock), {"body": world.committee})
        await run_job(world)
    assert await states(world) == ["served", "overdue"]
    await run_job(world)
    assert await states(world) == ["overdue", "overdue"]
