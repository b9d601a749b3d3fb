"""The day an answer is due: counted by a rule, counted again with the calendar, and all of it over real streams."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import nats
import pytest
from targets_house import BOARD, CITY, NOW, House, Person, report_body, rows
from test_targets_dashboard import approve
from test_targets_disputes import HERE, TOLD, body, concluded_case

from contracts.catalogue import fact
from devstack.engines import Engines
from servicekit.db import Database
from servicekit.events import Event, encode
from servicekit.inbox import handle_once
from servicekit.recount import recount_batch
from targets.consumers import REGISTRY
from targets.jobs import ANSWERS, DEADLINES, NOTICE_SILENCE


def day_off(day: str) -> Event:
    data = {"date": day, "kind": "off_in_lieu", "name": "Nghỉ bù", "source": "TB 1", "confirmed": True}
    return Event(
        id=uuid.uuid4(),
        type="registry.calendar_day.changed.v1",
        source="nhipcau/registry",
        subject=uuid.uuid4(),
        sequence=1,
        time=NOW,
        data=fact("registry.calendar_day.changed.v1", data).model_dump(mode="json"),
    )


@pytest.fixture
async def raised(
    period: Callable[..., Any], operator: Person, verifier: Person, approver: Person, house: House, database: Database
) -> str:
    """A dispute over an approved figure; its path."""
    await period()
    await approve(operator, verifier, approver, report_body(HERE))
    officer = house.person(("front_officer", CITY))
    made = await officer.post("/disputes", body(await concluded_case(database)))
    assert made.status_code == 201, made.text
    return f"/disputes/{made.json()['id']}"


async def test_a_day_off_moves_the_day_and_takes_lateness_back(
    raised: str, monitor: Person, house: House, database: Database
) -> None:
    late = NOW + timedelta(days=15)
    await NOTICE_SILENCE.run(house.runtime.database, house.runtime, late)
    assert (await monitor.get(raised)).json()["status"] == "overdue"
    await handle_once(database, REGISTRY, day_off("2026-12-07"), late)
    while await recount_batch(database, [DEADLINES, ANSWERS], late, batch=1):
        pass
    stands = (await monitor.get(raised)).json()
    assert (stands["status"], stands["due_on"], stands["overdue_on"]) == ("open", "2026-12-08", None)
    told = (await rows(database, TOLD))[-1]
    assert told["type"] == "targets.value.dispute_deadline_changed.v1"
    assert (told["sequence"], told["data"]["due_on"], told["data"]["overdue"]) == (3, "2026-12-08", False)
    (moved,) = await rows(database, "SELECT * FROM deadline_change WHERE deadline = 'dispute_answer'")
    assert (moved["old_on"].isoformat(), moved["new_on"].isoformat()) == ("2026-12-07", "2026-12-08")
    history = (await monitor.get(f"{raised}/history")).json()["items"]
    assert [item["action"] for item in history] == ["raise", "mark_overdue", "recount"]


async def test_what_was_answered_is_no_longer_counted(
    raised: str, house: House, monitor: Person, database: Database
) -> None:
    owner = house.person(("reporter", HERE))
    seen = await owner.get(raised)
    given = {"answer": "figure_stands", "text": "Đúng."}
    assert (await owner.post(f"{raised}/answer", given, etag=seen.headers["etag"])).status_code == 200
    await handle_once(database, REGISTRY, day_off("2026-12-07"), NOW)
    while await recount_batch(database, [DEADLINES, ANSWERS], NOW):
        pass
    assert (await monitor.get(raised)).json()["due_on"] == "2026-12-07"


async def test_over_the_courier(busy_house: House, engines: Engines, database: Database) -> None:
    """Oversight's events make a dispute possible, and what becomes of it reaches our own stream."""
    monitor, city = busy_house.person(("monitoring_officer", BOARD)), busy_house.person(("reporter", CITY))
    await monitor.post("/periods", {"indicator_code": "TGT-01", "period": "2025"})
    checking, approving = busy_house.person(("verifier", CITY)), busy_house.person(("approver", BOARD))
    await approve(city, checking, approving, report_body(HERE))
    case, client = uuid.uuid4(), await nats.connect(engines.nats_url("ops"))
    opened = {"form": "document_review", "trigger": "media", "submission_id": None, "opened_on": "2026-11-02"}
    said: tuple[tuple[str, dict[str, Any]], ...] = (
        ("opened", {"presiding_organisation_id": str(CITY), **opened}),
        ("planned", {"planned_on": "2026-11-03"}),
        ("concluded", {"concluded_on": "2026-11-20"}),
    )
    for number, (verb, data) in enumerate(said, start=1):
        name = f"oversight.case.{verb}.v1"
        told = fact(name, data).model_dump(mode="json")
        event = Event(
            id=uuid.uuid4(),
            type=name,
            source="nhipcau/oversight",
            subject=case,
            sequence=number,
            time=NOW,
            data=told,
        )
        for _ in range(2):
            await client.jetstream().publish(event.channel, encode(event))
    officer = busy_house.person(("front_officer", CITY))
    async with asyncio.timeout(40):
        while (made := await officer.post("/disputes", body(case))).status_code != 201:
            assert made.json()["code"] == "unknown_subject", made.text
            await asyncio.sleep(0.2)
        published = "SELECT id FROM outbox WHERE type = 'targets.value.disputed.v1' AND published_at IS NOT NULL"
        while not await rows(database, published):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    message = await client.jetstream().get_last_msg("TARGETS", f"targets.value.disputed.v1.{made.json()['id']}")
    assert b"TGT-01" in (message.data or b"")
    await client.close()
