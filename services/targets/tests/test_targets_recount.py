"""The calendar changes: due days of open periods are counted again; GEN-04 follows what feedback tells."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import nats
import pytest
from targets_house import BOARD, COMMUNES, NOW, House, Person, day, rows, submit_one

from contracts.catalogue import fact
from devstack.engines import Engines
from servicekit.db import Database
from servicekit.events import Event, encode
from servicekit.inbox import Outcome, handle_once
from servicekit.recount import SETTLE, Deadlines, Moved, recount_batch
from targets.actions.mark_overdue import mark_overdue
from targets.consumers import FEEDBACK, REGISTRY
from targets.jobs import DEADLINES

OFF = "2026-01-05"
"""A Monday; reports for 2025 are due ten working days after 31 December: 15 January 2026."""
IN_TIME = datetime(2026, 1, 16, 3, tzinfo=UTC)
CHANGED = "SELECT * FROM outbox WHERE type = 'targets.period.deadline_changed.v1' ORDER BY position"


def registry_event(kind: str, data: dict[str, Any]) -> Event:
    name = f"registry.{kind}.changed.v1"
    return Event(
        id=uuid.uuid4(),
        type=name,
        source="nhipcau/registry",
        subject=uuid.uuid4(),
        sequence=1,
        time=NOW,
        data=fact(name, data).model_dump(mode="json"),
    )


def off(on: str = OFF) -> Event:
    data = {"date": on, "kind": "off_in_lieu", "name": "Nghỉ hoán đổi", "source": "Công văn 1", "confirmed": True}
    return registry_event("calendar_day", data)


async def work_off(database: Database, now: datetime = NOW, deadlines: Deadlines = DEADLINES, batch: int = 100) -> None:
    while await recount_batch(database, deadlines, now, batch=batch):
        pass


async def test_an_open_period_moves_and_a_closed_one_does_not(
    period: Callable[..., Any], monitor: Person, house: House, database: Database
) -> None:
    running, closed = await period("TGT-01"), await period("TGT-02")
    assert running["due_on"] == "2026-01-15"
    assert (await monitor.post(f"/periods/{closed['id']}/close", {}, etag=closed["etag"])).status_code == 200
    event = off()
    assert await handle_once(database, REGISTRY, event, NOW) is Outcome.APPLIED
    assert await handle_once(database, REGISTRY, event, NOW) is Outcome.DUPLICATE
    await work_off(database)
    await work_off(database)
    await house.runtime.book.refresh()
    stands = (await monitor.get(f"/periods/{running['id']}")).json()
    assert (stands["due_on"], stands["version"], stands["rule"]["confidence"]) == ("2026-01-16", 2, "no_legal_figure")
    assert (await monitor.get(f"/periods/{closed['id']}")).json()["due_on"] == "2026-01-15"
    (row,) = await rows(database, "SELECT * FROM deadline_change")
    assert (row["deadline"], row["old_on"], row["new_on"]) == ("report", day("2026-01-15"), day("2026-01-16"))
    assert row["causes"][0]["event_id"] == str(event.id)
    explained = (await monitor.get(f"/periods/{running['id']}/deadline")).json()
    assert explained["due_on"] == explained["counted_again_on"] == "2026-01-16"
    assert explained["changes"][0]["text_vi"].startswith("Hạn cũ 15/01/2026 đổi thành 16/01/2026 vì ngày 05/01/2026")
    (told,) = await rows(database, CHANGED)
    assert told["sequence"] == 2
    fact(told["type"], told["data"])
    (entry,) = await rows(database, "SELECT * FROM audit_entry WHERE action = 'period.recount'")
    assert entry["actor_kind"] == "system"
    assert (await monitor.post(f"/periods/{running['id']}/close", {}, etag=running["etag"])).status_code == 412


async def test_what_was_submitted_is_held_to_the_day_that_stood_then(
    period: Callable[..., Any], operator: Person, house: House, database: Database
) -> None:
    await handle_once(database, REGISTRY, off(), NOW)
    await house.runtime.book.refresh()
    opened = await period("TGT-01")
    assert opened["due_on"] == "2026-01-16"
    house.clock.at = IN_TIME
    path, _ = await submit_one(operator)
    assert (await operator.get(path)).json()["on_time"] is True
    withdrawn = registry_event(
        "calendar_day", {"date": "2026-01-10", "kind": "working_saturday", "name": "", "source": "C", "confirmed": True}
    )
    await handle_once(database, REGISTRY, withdrawn, IN_TIME)
    await work_off(database, IN_TIME)
    report = (await operator.get(path)).json()
    assert (report["due_on"], report["on_time"]) == ("2026-01-15", True)


async def test_a_newer_rule_holds_only_for_periods_opened_after_it(
    period: Callable[..., Any], monitor: Person, house: House, database: Database
) -> None:
    old = await period("TGT-01")
    newer = {
        "key": "IND.REPORT_DUE",
        "version": 2,
        "amount": 3,
        "unit": "working_days",
        "direction": "after",
        "anchor": "period_end",
        "basis": "Quy chế 1",
        "confidence": "confirmed",
        "valid_from": "2026-11-24",
        "valid_to": None,
    }
    await handle_once(database, REGISTRY, registry_event("deadline_rule", newer), NOW)
    await handle_once(database, REGISTRY, off(), NOW)
    await work_off(database)
    await house.runtime.book.refresh()
    stands = (await monitor.get(f"/periods/{old['id']}")).json()
    assert (stands["due_on"], stands["rule_version"]) == ("2026-01-16", 1)
    house.clock.at = NOW + timedelta(days=1)
    new = await period("TGT-02")
    assert (new["due_on"], new["rule_version"]) == ("2026-01-07", 2)
    assert (new["rule"]["confidence"], new["rule"]["confidence_vi"]) == ("confirmed", "theo quy định")


async def test_a_year_that_gets_its_notice_is_no_longer_provisional(
    period: Callable[..., Any], monitor: Person, house: House, database: Database
) -> None:
    house.clock.at = datetime(2027, 1, 4, 3, tzinfo=UTC)
    opened = await period("TGT-01", "2026")
    assert (opened["due_provisional"], opened["due_note_vi"][:8]) == (True, "Tạm tính")
    assert opened["due_note_en"].startswith("Provisional")
    year = registry_event("calendar_year", {"year": 2027, "confirmed": True, "source": "TB 2"})
    await handle_once(database, REGISTRY, year, NOW)
    await work_off(database)
    stands = (await monitor.get(f"/periods/{opened['id']}")).json()
    assert (stands["due_on"], stands["due_provisional"], stands["due_note_vi"]) == (opened["due_on"], False, None)
    (row,) = await rows(database, "SELECT * FROM deadline_change")
    assert (row["old_on"] == row["new_on"], row["old_provisional"], row["new_provisional"]) == (True, True, False)


class Killed(BaseException):
    """The process dies."""


async def test_a_process_that_dies_in_the_middle_goes_on(period: Callable[..., Any], database: Database) -> None:
    await period("TGT-01")
    await period("TGT-02")
    await handle_once(database, REGISTRY, off(), NOW)
    written: list[Moved] = []

    async def dying(session: Any, moved: Any, now: datetime) -> None:
        await DEADLINES.store(session, moved, now)
        written.extend(moved)
        if len(written) == 2:
            raise Killed

    with pytest.raises(Killed):
        await work_off(database, NOW, Deadlines(DEADLINES.running, DEADLINES.table, DEADLINES.rule, dying), batch=1)
    assert len(await rows(database, "SELECT * FROM deadline_change")) == 1
    await work_off(database, batch=1)
    await work_off(database, NOW + SETTLE)
    assert len(await rows(database, "SELECT * FROM deadline_change")) == 2
    assert await rows(database, "SELECT * FROM recount_mark") == []


def told(submission: uuid.UUID, sequence: int, verb: str, **data: Any) -> Event:
    name = f"feedback.submission.{verb}.v1"
    return Event(
        id=uuid.uuid4(),
        type=name,
        source="nhipcau/feedback",
        subject=submission,
        sequence=sequence,
        time=NOW,
        data=fact(name, data).model_dump(mode="json"),
    )


async def test_gen04_follows_the_moved_day(house: House, database: Database) -> None:
    """Counted as late on the old day, running again by the new one, and on time when answered on it."""
    submission, rule = uuid.uuid4(), {"rule_key": "FB.RESOLVE", "rule_version": 1}
    front, holder = str(COMMUNES[0]), str(uuid.uuid4())
    moved = {
        "due_on": "2026-11-23",
        "due_provisional": False,
        "previous_due_on": "2026-11-20",
        "previous_provisional": False,
        "changed_days": ["2026-11-20"],
        "changed_years": [],
    }
    answer = {"outcome": "done", "answered_on": "2026-11-23", "due_on": "2026-11-23", "on_time": True}
    clock = {"due_on": "2026-11-20", "due_provisional": False, **rule}
    steps = [
        ("received", {"identity_mode": "named", "front_organisation_id": front, "unit_id": str(uuid.uuid4())}),
        ("accepted", {"kind": "report", "accepted_on": "2026-11-02", **clock}),
        ("deadline_changed", {"deadline": "answer", **moved, **rule}),
        ("deadline_changed", {"deadline": "status", **(moved | {"due_on": "2026-12-01"}), **rule}),
        ("answered", {"holder_organisation_id": holder, "front_organisation_id": front, **answer}),
    ]
    steps[0][1]["received_on"] = "2026-11-01"
    seen = []
    for number, (verb, data) in enumerate(steps, start=1):
        assert await handle_once(database, FEEDBACK, told(submission, number, verb, **data), NOW) is Outcome.APPLIED
        async with database.write() as session:
            await mark_overdue(session, now=NOW)
        query = "SELECT numerator, denominator, expected - counted AS running FROM roll_up WHERE organisation_id = :id"
        seen.append([tuple(map(int, row.values())) for row in await rows(database, query, id=COMMUNES[0])])
    assert seen == [[], [(0, 1, 0)], [(0, 0, 1)], [(0, 0, 1)], [(1, 1, 0)]]


async def test_over_the_courier(busy_house: House, engines: Engines, database: Database) -> None:
    """Real streams: what the registry publishes moves the day here, and the new day reaches our own stream."""
    monitor = busy_house.person(("monitoring_officer", BOARD))
    opened = (await monitor.post("/periods", {"indicator_code": "TGT-01", "period": "2025"})).json()
    client = await nats.connect(engines.nats_url("ops"))
    event = off()
    for _ in range(2):
        await client.jetstream().publish(event.channel, encode(event))
    async with asyncio.timeout(40):
        while not any(row["published_at"] for row in await rows(database, CHANGED)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await monitor.get(f"/periods/{opened['id']}")).json()["due_on"] == "2026-01-16"
    assert len(await rows(database, "SELECT * FROM deadline_change")) == 1
    await client.close()
