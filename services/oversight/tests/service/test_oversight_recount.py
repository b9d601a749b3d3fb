"""The calendar changes: reply clocks that run are counted again, noted lateness is taken back with a trace."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import nats
import pytest

from contracts.catalogue import fact
from oversight.consumers import FEEDBACK, REGISTRY
from oversight.jobs import DEADLINES, notice_silence
from servicekit import web
from servicekit.events import Event, encode
from servicekit.inbox import Outcome, handle_once
from servicekit.outbox import Waker
from servicekit.recount import SETTLE, Deadlines, Moved, recount_batch

DUE = date(2026, 12, 8)
"""Fifteen days after Monday 23 November 2026: a Tuesday."""
AFTER = date(2026, 12, 9)
CHANGED = "oversight.recommendation.deadline_changed.v1"


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
        time=world.clock.now(),
        data=fact(name, data).model_dump(mode="json"),
    )


def off(world: Any, day: date = DUE, kind: str = "off_in_lieu", **more: Any) -> Event:
    data = {"date": day.isoformat(), "kind": kind, "name": "Nghỉ hoán đổi", "source": "Công văn 1", "confirmed": True}
    return registry_event(world, "calendar_day", data, **more)


async def hear(world: Any, event: Event) -> Outcome:
    outcome = await handle_once(world.database, REGISTRY, event, world.clock.now())
    await world.runtime.book.refresh()
    return outcome


async def work_off(world: Any, deadlines: Deadlines = DEADLINES, batch: int = 100) -> None:
    while await recount_batch(world.database, [deadlines], world.clock.now(), batch=batch):
        pass


async def changes(world: Any) -> list[Any]:
    return await world.rows("SELECT * FROM deadline_change ORDER BY id")


async def part(world: Any, path: str) -> dict[str, Any]:
    return dict((await world.get(path, world.officer)).json()["addressee"])


async def test_the_last_day_off_moves_the_waiting_and_not_the_replied(world: Any) -> None:
    served = await world.served()
    waiting, replied = (world.part_path(served, one) for one in (world.committee, world.other_committee))
    await world.post(f"{replied}/reply", world.other_head, {"disposition": "accepted", "text": "Tiếp thu"}, etag=1)
    event = off(world)
    assert await hear(world, event) is Outcome.APPLIED
    assert await hear(world, event) is Outcome.DUPLICATE
    await work_off(world)
    await work_off(world)
    stands = await part(world, waiting)
    assert (stands["reply_due_on"], stands["version"], stands["status"]) == ("2026-12-09", 2, "served")
    assert (await part(world, replied))["reply_due_on"] == "2026-12-08"
    (row,) = await changes(world)
    assert (row.deadline, row.old_on, row.new_on, row.rule_version) == ("reply", DUE, AFTER, 1)
    assert row.causes[0]["event_id"] == str(event.id)
    explained = (await world.get(f"{waiting}/deadline", world.officer)).json()
    assert explained["due_on"] == explained["counted_on"] == explained["default_due_on"] == "2026-12-09"
    assert explained["changes"][0]["text_vi"].startswith("Hạn cũ 08/12/2026 đổi thành 09/12/2026 vì ngày 08/12/2026")
    (told,) = await world.rows(f"SELECT * FROM outbox WHERE type = '{CHANGED}'")
    assert told.sequence == 3  # served 1, the other's reply 2
    assert fact(CHANGED, told.data).model_dump()["overdue"] is False
    (entry,) = await world.rows("SELECT * FROM audit_entry WHERE action = 'recommendation.recount'")
    assert (entry.actor_kind, entry.details["overdue_withdrawn"]) == ("system", False)
    body = {"disposition": "accepted", "text": "Tiếp thu."}
    assert (await world.post(f"{waiting}/reply", world.head, body, etag=1)).status_code == 412
    world.clock.go_to(AFTER)
    answer = await world.post(f"{waiting}/reply", world.head, body, etag=2)
    assert answer.json()["addressee"]["reply"]["on_time"] is True


@pytest.mark.parametrize("acknowledged", [False, True])
async def test_lateness_that_was_told_is_taken_back_with_a_trace(world: Any, acknowledged: bool) -> None:
    served = await world.served(addressees=[{"organisation_id": str(world.committee)}])
    path = world.part_path(served, world.committee)
    if acknowledged:
        await world.post(f"{path}/acknowledge", world.head, etag=1)
    world.clock.go_to(AFTER)
    await notice_silence(world.database, world.runtime, world.clock.now())
    assert (await part(world, path))["status"] == "overdue"
    await hear(world, off(world))  # announced late: 8 December was a day off
    await work_off(world)
    stands = await part(world, path)
    assert (stands["status"], stands["overdue_on"]) == ("acknowledged" if acknowledged else "served", None)
    (told,) = await world.rows(f"SELECT data FROM outbox WHERE type = '{CHANGED}'")
    assert told.data["overdue"] is False
    (entry,) = await world.rows("SELECT details FROM audit_entry WHERE action = 'recommendation.recount'")
    assert entry.details["overdue_withdrawn"] is True
    world.clock.go_to(date(2026, 12, 10))
    await notice_silence(world.database, world.runtime, world.clock.now())
    assert (await part(world, path))["overdue_on"] == "2026-12-10"


async def test_lateness_stays_where_the_new_day_has_passed_too(world: Any) -> None:
    served = await world.served(addressees=[{"organisation_id": str(world.committee)}])
    path = world.part_path(served, world.committee)
    world.clock.go_to(date(2026, 12, 10))
    await notice_silence(world.database, world.runtime, world.clock.now())
    await hear(world, off(world))
    await work_off(world)
    stands = await part(world, path)
    assert (stands["status"], stands["overdue_on"], stands["reply_due_on"]) == ("overdue", "2026-12-10", "2026-12-09")
    (told,) = await world.rows(f"SELECT data FROM outbox WHERE type = '{CHANGED}'")
    assert told.data["overdue"] is True


async def test_a_date_the_presiding_body_set_is_its_own(world: Any) -> None:
    chosen = {"organisation_id": str(world.committee), "reply_due_on": "2026-12-08", "reply_due_reason": "Khẩn cấp"}
    served = await world.served(addressees=[chosen])
    await hear(world, off(world))
    await work_off(world)
    assert (await part(world, world.part_path(served, world.committee)))["reply_due_on"] == "2026-12-08"
    assert await changes(world) == []


async def test_a_newer_rule_holds_only_for_what_is_opened_after_it(world: Any) -> None:
    old = await world.served()
    world.clock.go_to(date(2026, 11, 24))
    newer = world.new_rule(2, 3, "2026-11-24", confidence="confirmed", basis="Quy chế 1")["data"]
    assert await hear(world, registry_event(world, "deadline_rule", newer)) is Outcome.APPLIED
    await hear(world, off(world))
    await work_off(world)
    path = world.part_path(old, world.committee)
    assert (await part(world, path))["reply_due_on"] == "2026-12-09"
    head = (await world.get(path, world.officer)).json()
    assert (head["rule"]["version"], head["rule"]["confidence"]) == (1, "no_legal_figure")
    assert head["rule"]["confidence_vi"] == "không tìm thấy quy định, mặc định có thể cấu hình"
    world.submission = uuid4()
    await world.add_submission(world.submission, world.front)
    new = await world.served(date(2026, 11, 24))
    head = (await world.get(world.part_path(new, world.committee), world.officer)).json()
    assert (head["addressee"]["reply_due_on"], head["rule"]["version"]) == ("2026-11-27", 2)
    assert head["rule"]["confidence"] == "confirmed"


async def test_a_year_that_gets_its_notice_is_no_longer_provisional(world: Any) -> None:
    world.clock.go_to(date(2026, 12, 21))
    served = await world.served(date(2026, 12, 21))
    path = world.part_path(served, world.committee)
    stands = await part(world, path)
    assert (stands["reply_due_on"], stands["due_provisional"]) == ("2027-01-05", True)
    assert stands["due_note_vi"].startswith("Tạm tính")
    assert stands["due_note_en"].startswith("Provisional")
    case = (await world.get(f"/cases/{served['case_id']}", world.officer)).json()
    (clock, _) = case["recommendations"][0]["addressees"]
    assert clock["due_note_vi"].startswith("Tạm tính")
    await hear(world, registry_event(world, "calendar_year", {"year": 2027, "confirmed": True, "source": "TB 2"}))
    await work_off(world)
    stands = await part(world, path)
    assert (stands["reply_due_on"], stands["due_provisional"], stands["due_note_vi"]) == ("2027-01-05", False, None)
    rows = await changes(world)
    assert {(row.old_on == row.new_on, row.old_provisional, row.new_provisional) for row in rows} == {
        (True, True, False)
    }


class Killed(BaseException):
    """The process dies."""


async def test_a_process_that_dies_in_the_middle_goes_on(world: Any) -> None:
    await world.served()
    await hear(world, off(world))
    written: list[Moved] = []

    async def dying(session: Any, moved: list[Moved], now: Any) -> None:
        await DEADLINES.store(session, moved, now)
        written.extend(moved)
        if len(written) == 2:
            raise Killed

    mortal = Deadlines(DEADLINES.running, DEADLINES.table, DEADLINES.rule, dying)
    with pytest.raises(Killed):
        await work_off(world, mortal, batch=1)
    assert len(await changes(world)) == 1
    await work_off(world, batch=1)
    assert len(await changes(world)) == 2
    world.clock.moment += SETTLE
    await work_off(world)
    assert len(await changes(world)) == 2
    assert await world.rows("SELECT * FROM recount_mark") == []


async def test_the_read_copy_follows_feedback(world: Any) -> None:
    submission = uuid4()
    await world.add_submission(submission, world.front)
    name = "feedback.submission.deadline_changed.v1"
    data = {
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
    event = Event(
        id=uuid4(),
        type=name,
        source="nhipcau/feedback",
        subject=submission,
        sequence=2,
        time=world.clock.now(),
        data=fact(name, data).model_dump(mode="json"),
    )
    async with world.database.write() as session:
        await FEEDBACK.handlers[name](session, event, world.clock.now())
    (row,) = await world.rows("SELECT due_on, sequence FROM feedback_item WHERE submission_id = :id", id=submission)
    assert (row.due_on, row.sequence) == (date(2026, 12, 15), 2)


async def test_over_the_courier(world: Any, engines: Any) -> None:
    """Real streams: what the registry publishes moves the day here, and the new day reaches our own stream."""
    served = await world.served()
    await engines.purge_streams()
    client = await nats.connect(engines.nats_url("ops"))
    event = off(world)
    for _ in range(2):
        await client.jetstream().publish(event.channel, encode(event))
    world.runtime.waker = Waker(world.database)
    told = f"SELECT published_at FROM outbox WHERE type = '{CHANGED}'"
    async with web.running(world.runtime, with_worker=True), asyncio.timeout(30):
        while not all(seen := [row.published_at for row in await world.rows(told)]) or len(seen) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        stands = await part(world, world.part_path(served, world.committee))
        assert stands["reply_due_on"] == "2026-12-09"
        assert len(await changes(world)) == 2
    await client.close()
