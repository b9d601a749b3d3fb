"""The calendar changes: running deadlines are counted again by their own rule, once, the old day kept."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import nats
import pytest
from sqlalchemy import text

from contracts.catalogue import fact
from feedback import jobs
from feedback.consumers import CONSUMERS
from feedback.jobs import DEADLINES
from servicekit import web
from servicekit.events import encode
from servicekit.inbox import Event, Outcome, handle_once
from servicekit.outbox import Waker
from servicekit.recount import SETTLE, Deadlines, Moved, recount_batch

REGISTRY = CONSUMERS[0]
STATUS_DUE, RESOLVE_DUE = date(2026, 12, 7), date(2026, 12, 14)
"""Ten and fifteen working days after Monday 23 November 2026."""
OFF = date(2026, 12, 2)


def day_event(
    world: Any, day: date, kind: str = "off_in_lieu", *, sequence: int = 1, subject: UUID | None = None
) -> Event:
    data = {
        "date": day.isoformat(),
        "kind": kind,
        "name": "Nghỉ hoán đổi",
        "source": "Công văn 1/VPCP-KGVX",
        "confirmed": True,
    }
    return registry_event(world, "calendar_day", data, sequence=sequence, subject=subject)


def registry_event(
    world: Any, kind: str, data: dict[str, Any], *, sequence: int = 1, subject: UUID | None = None
) -> Event:
    name = f"registry.{kind}.changed.v1"
    return Event(
        id=uuid4(),
        type=name,
        source="nhipcau/registry",
        subject=subject or uuid4(),
        sequence=sequence,
        time=world.clock.moment,
        data=fact(name, data).model_dump(mode="json"),
    )


async def hear(world: Any, *events: Event) -> list[Outcome]:
    outcomes = [await handle_once(world.database, REGISTRY, event, world.clock.moment) for event in events]
    await world.runtime.book.refresh()
    return outcomes


async def work_off(world: Any, deadlines: Deadlines = DEADLINES, batch: int = 100) -> int:
    rounds = 1
    while await recount_batch(world.database, [deadlines], world.clock.moment, batch=batch):
        rounds += 1
    return rounds


async def changes(world: Any) -> list[Any]:
    return await world.rows("SELECT * FROM deadline_change ORDER BY id")


async def test_a_day_off_moves_what_runs_and_leaves_what_is_answered(world: Any) -> None:
    waiting = await world.submitted()
    accepted = await world.at_step("assign")
    answered = await world.at_step("answer")
    refused = await world.submitted()
    await refused.take("classify")
    await refused.take("refuse")
    event = day_event(world, OFF)
    assert await hear(world, event) == [Outcome.APPLIED]
    await work_off(world)

    read = (await waiting.read()).json()
    assert (read["status_due_on"], read["version"]) == ("2026-12-08", 2)
    read = (await accepted.read()).json()
    assert (read["status_due_on"], read["due_on"], read["version"]) == ("2026-12-07", "2026-12-15", 5)
    assert (await answered.read()).json()["due_on"] == "2026-12-14"
    assert (await refused.read()).json()["status_due_on"] == "2026-12-07"

    kept = {(row.item_id, row.deadline): row for row in await changes(world)}
    assert set(kept) == {(waiting.id, "status"), (accepted.id, "answer")}
    row = kept[accepted.id, "answer"]
    assert (row.old_on, row.new_on, row.old_provisional, row.new_provisional) == (
        RESOLVE_DUE,
        date(2026, 12, 15),
        False,
        False,
    )
    assert (row.rule_key, row.rule_version) == ("FB.RESOLVE", 1)
    assert row.causes == [
        {
            "event_id": str(event.id),
            "day": "2026-12-02",
            "kind": "off_in_lieu",
            "name": "Nghỉ hoán đổi",
            "source": "Công văn 1/VPCP-KGVX",
        }
    ]
    told = await world.rows("SELECT * FROM outbox WHERE type = 'feedback.submission.deadline_changed.v1'")
    by_item = {row.subject: row for row in told}
    assert {(row.subject, row.sequence) for row in told} == {(waiting.id, 2), (accepted.id, 5)}
    data = fact("feedback.submission.deadline_changed.v1", by_item[accepted.id].data)
    assert data.model_dump(mode="json") == {
        "deadline": "answer",
        "due_on": "2026-12-15",
        "due_provisional": False,
        "previous_due_on": "2026-12-14",
        "previous_provisional": False,
        "rule_key": "FB.RESOLVE",
        "rule_version": 1,
        "changed_days": ["2026-12-02"],
        "changed_years": [],
    }
    entries = await world.rows("SELECT * FROM audit_entry WHERE action = 'submission.recount'")
    assert {(row.subject_id, row.actor_kind, row.details["deadline"]) for row in entries} == {
        (waiting.id, "system", "status"),
        (accepted.id, "system", "answer"),
    }
    # Who read before must read again, who read after goes on, and the day of the answer is held against the new day.
    assert (await accepted.take("answer")).status_code == 412
    accepted.version = 5
    world.clock.go_to(date(2026, 12, 15))
    assert (await accepted.take("answer")).status_code == 200
    assert (await accepted.track()).json()["answer"]["on_time"] is True


async def test_the_sender_and_staff_read_what_it_was_and_why(world: Any) -> None:
    case = await world.at_step("assign")
    await hear(world, day_event(world, OFF))
    await work_off(world)
    tracked = (await case.track()).json()
    (change,) = tracked["clocks"]["changes"]
    assert change["text_vi"] == (
        "Hạn cũ 14/12/2026 đổi thành 15/12/2026 vì ngày 02/12/2026 là ngày nghỉ bù, hoán đổi"
        " (Nghỉ hoán đổi; Công văn 1/VPCP-KGVX)."
    )
    assert change["text_en"].startswith("Was due 2026-12-14, now 2026-12-15, because 2026-12-02 is a day off in lieu")
    assert tracked["timeline"][-1]["text_vi"] == "Hạn được tính lại vì lịch nghỉ, làm bù thay đổi."
    for answer in (
        await world.get(f"/submissions/{case.id}/deadline", world.officer),
        await world.post("/tracking/deadline", case.key),
    ):
        assert [one["text_vi"] for one in answer.json()["changes"]] == [change["text_vi"]]
        clock = answer.json()["clocks"][1]
        assert clock["due_on"] == clock["counted_on"] == "2026-12-15"
    hidden = await world.get(f"/submissions/{case.id}/deadline", world.other_officer)
    assert hidden.status_code == 404


async def test_the_same_event_twice_and_an_unchanged_count_leave_one_row(world: Any) -> None:
    case = await world.at_step("assign")
    event = day_event(world, OFF)
    assert await hear(world, event, event) == [Outcome.APPLIED, Outcome.DUPLICATE]
    await work_off(world)
    await work_off(world)
    named_anew = day_event(world, OFF, sequence=2, subject=event.subject)
    await hear(world, named_anew)
    world.clock.moment += SETTLE
    await work_off(world)
    assert len(await changes(world)) == 1
    assert (await case.read()).json()["version"] == 5


async def test_a_day_that_is_withdrawn_moves_it_back(world: Any) -> None:
    case = await world.at_step("assign")
    event = day_event(world, OFF)
    await hear(world, event)
    await work_off(world)
    await hear(world, day_event(world, OFF, "ordinary", sequence=2, subject=event.subject))
    world.clock.moment += SETTLE
    await work_off(world)
    assert [(row.old_on.day, row.new_on.day) for row in await changes(world)] == [(14, 15), (15, 14)]
    assert (await case.read()).json()["due_on"] == "2026-12-14"


async def test_days_outside_the_span_touch_nothing(world: Any) -> None:
    case = await world.at_step("assign")
    await hear(world, day_event(world, date(2026, 11, 20)), day_event(world, date(2026, 12, 15)))
    await work_off(world)
    assert await changes(world) == []
    assert (await case.read()).json()["version"] == 4


async def test_a_newer_rule_holds_only_for_what_is_opened_after_it(world: Any) -> None:
    old = await world.at_step("assign")
    world.clock.go_to(date(2026, 11, 24))
    rule = world.new_rule(
        "FB.RESOLVE", 3, version=2, valid_from="2026-11-24", confidence="confirmed", basis="Quy chế 1"
    )
    event = registry_event(world, "deadline_rule", rule["data"])
    assert await hear(world, event) == [Outcome.APPLIED]
    await work_off(world)
    assert (await old.read()).json()["due_on"] == "2026-12-14"
    await hear(world, day_event(world, OFF))
    await work_off(world)
    read = (await old.read()).json()
    assert (read["due_on"], read["rule"]["version"], read["rule"]["confidence"]) == ("2026-12-15", 1, "no_legal_figure")
    new = await world.at_step("assign")
    read = (await new.read()).json()
    assert (read["due_on"], read["rule"]["version"], read["rule"]["confidence"]) == ("2026-11-27", 2, "confirmed")


async def test_a_year_that_gets_its_notice_is_no_longer_provisional(world: Any) -> None:
    world.clock.go_to(date(2026, 12, 21))
    case = await world.at_step("assign")  # due 11 January 2027, a year without a notice
    for answer in ((await case.track()).json()["clocks"], (await case.read()).json()):
        assert answer["due_provisional"] is True
        assert answer["due_note_vi"].startswith("Tạm tính")
        assert answer["due_note_en"].startswith("Provisional")
        assert answer["status_due_provisional"] is True
        assert answer["status_due_note_vi"].startswith("Tạm tính")
    year = {"year": 2027, "confirmed": True, "source": "Thông báo 2/TB-BNV"}
    await hear(world, registry_event(world, "calendar_year", year))
    await work_off(world)
    clocks = (await case.track()).json()["clocks"]
    assert (clocks["due_provisional"], clocks["due_note_vi"]) == (False, None)
    (change,) = clocks["changes"]
    assert change["old_on"] == change["new_on"]
    assert (change["old_provisional"], change["new_provisional"]) == (True, False)
    assert change["text_vi"].endswith(
        "giữ nguyên vì lịch nghỉ năm 2027 đã được xác nhận (Thông báo 2/TB-BNV). Hạn không còn là tạm tính."
    )
    (event,) = await world.rows("SELECT data FROM outbox WHERE type = 'feedback.submission.deadline_changed.v1'")
    assert (event.data["due_provisional"], event.data["changed_years"]) == (False, [2027])


async def many(world: Any, number: int) -> list[UUID]:
    """Submissions in the number a city has, copied from one that is waiting."""
    case = await world.submitted()
    async with world.database.write() as session:
        await session.execute(
            text(
                "INSERT INTO submission SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),"
                " 'code', 'T' || n, 'secret_hmac', '\\x' || encode(sha256(n::text::bytea), 'hex')))).*"
                " FROM submission s, generate_series(2, :number) n WHERE s.id = :id"
            ),
            {"number": number, "id": case.id},
        )
    return [row.id for row in await world.rows("SELECT id FROM submission ORDER BY id")]


class Killed(BaseException):
    """The process dies."""


async def test_a_process_that_dies_in_the_middle_goes_on_where_it_stopped(world: Any) -> None:
    ids = await many(world, 25)
    await hear(world, day_event(world, OFF))
    handled: list[UUID] = []

    async def dying(session: Any, moved: list[Moved], now: Any) -> None:
        await DEADLINES.store(session, moved, now)
        handled.extend(one.row.item_id for one in moved)
        if len(handled) == 20:
            raise Killed

    mortal = Deadlines(DEADLINES.running, DEADLINES.table, DEADLINES.rule, dying)
    with pytest.raises(Killed):
        await work_off(world, mortal, batch=10)
    assert len(await changes(world)) == 10  # the second batch was never committed
    handled.clear()

    async def noting(session: Any, moved: list[Moved], now: Any) -> None:
        await DEADLINES.store(session, moved, now)
        handled.extend(one.row.item_id for one in moved)

    await work_off(world, Deadlines(DEADLINES.running, DEADLINES.table, DEADLINES.rule, noting), batch=10)
    assert handled == ids[10:] or sorted(handled) == sorted(ids[10:])
    kept = await changes(world)
    assert sorted(row.item_id for row in kept) == sorted(ids)
    assert {row.status_due_on for row in await world.rows("SELECT status_due_on FROM submission")} == {
        STATUS_DUE + timedelta(days=1)
    }
    assert {row.sequence for row in await world.rows("SELECT sequence FROM outbox WHERE type LIKE '%deadline%'")} == {2}


async def test_an_item_that_somebody_is_changing_is_counted_in_the_next_pass(world: Any) -> None:
    free, held = await world.submitted(), await world.submitted()
    await hear(world, day_event(world, OFF))
    async with world.database.write() as session:
        await session.execute(text("SELECT 1 FROM submission WHERE id = :id FOR UPDATE"), {"id": held.id})
        await asyncio.wait_for(work_off(world), 5)
    assert [row.item_id for row in await changes(world)] == [free.id]
    await work_off(world)
    assert len(await changes(world)) == 1  # not at once: the mark rests a minute
    world.clock.moment += SETTLE
    await work_off(world)
    assert {row.item_id for row in await changes(world)} == {free.id, held.id}
    assert await world.rows("SELECT * FROM recount_mark") == []


async def test_what_another_process_counted_on_the_old_calendar_is_mended(world: Any) -> None:
    """A request may still hold the old calendar and commit behind the place the pass has reached."""
    await handle_once(world.database, REGISTRY, day_event(world, OFF), world.clock.moment)
    await work_off(world)  # the first pass finds nothing
    late = await world.submitted()  # its process has not refreshed its copy of the calendar
    assert late.ticket["status_due_on"] == STATUS_DUE.isoformat()
    assert len(await world.rows("SELECT * FROM recount_mark")) == 1
    await world.runtime.book.refresh()
    world.clock.moment += SETTLE
    await work_off(world)
    assert (await late.read()).json()["status_due_on"] == "2026-12-08"
    assert await world.rows("SELECT * FROM recount_mark") == []


async def test_two_workers_at_once_write_each_deadline_once(world: Any) -> None:
    await many(world, 60)
    await hear(world, day_event(world, OFF))
    await asyncio.gather(*(work_off(world, batch=7) for _ in range(4)))
    assert len(await changes(world)) == 60
    assert {row.version for row in await world.rows("SELECT version FROM submission")} == {2}


async def test_what_it_was_can_be_neither_changed_nor_deleted(world: Any) -> None:
    await world.submitted()
    await hear(world, day_event(world, OFF))
    await work_off(world)
    for statement in ("UPDATE deadline_change SET old_on = new_on", "DELETE FROM deadline_change"):
        with pytest.raises(Exception, match=r"permission denied|append-only"):
            async with world.database.write() as session:
                await session.execute(text(statement))


async def test_the_worker_does_it(world: Any) -> None:
    """The job of the service, as the worker runs it."""
    case = await world.at_step("assign")
    await hear(world, day_event(world, OFF))
    (job,) = [job for job in jobs.JOBS if job.name == "recount"]
    await job.run(world.database, world.runtime, world.clock.moment)
    assert (await case.read()).json()["due_on"] == "2026-12-15"


async def test_over_the_courier(world: Any, engines: Any) -> None:
    """Real streams: what the registry publishes moves the day here, and the new day reaches our own stream."""
    case = await world.at_step("assign")
    await engines.purge_streams()
    client = await nats.connect(engines.nats_url("ops"))
    event = day_event(world, OFF)
    for _ in range(2):
        await client.jetstream().publish(event.channel, encode(event))
    world.runtime.waker = Waker(world.database)
    world.clock.moment += timedelta(hours=1)  # the events of an anonymous sender wait for a while
    told = "SELECT published_at FROM outbox WHERE type = 'feedback.submission.deadline_changed.v1'"
    async with web.running(world.runtime, with_worker=True), asyncio.timeout(30):
        while not any(row.published_at for row in await world.rows(told)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert (await case.read()).json()["due_on"] == "2026-12-15"
        assert len(await changes(world)) == 1
    await client.close()
