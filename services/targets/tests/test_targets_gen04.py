"""GEN-04 from feedback's events: the same number whatever comes late, twice or in another order."""

import asyncio
import itertools
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import nats
import pytest
from targets_house import BOARD, CITY, COMMUNES, NOW, House, rows

from contracts.catalogue import fact
from devstack.engines import Engines
from servicekit.db import Database
from servicekit.events import Event, encode
from servicekit.inbox import Outcome, drain, handle_once, redrive
from servicekit.nats_bus import Retry
from targets.actions.mark_overdue import mark_overdue
from targets.consumers import FEEDBACK
from targets.seeds.resolution import indicator_id

TODAY = date(2026, 11, 23)


def told(submission: UUID, sequence: int, verb: str, data: dict[str, Any]) -> Event:
    event_type = f"feedback.submission.{verb}.v1"
    fact(event_type, data)  # what the catalogue refuses, feedback could not tell
    return Event(
        id=uuid.uuid5(submission, f"{sequence}"),
        type=event_type,
        source="nhipcau/feedback",
        subject=submission,
        sequence=sequence,
        time=NOW,
        data=data,
    )


def story(
    front: UUID, due: str, answered: str | None, *, submission: UUID | None = None, second: str | None = None
) -> list[Event]:
    """The events of one submission; `second` is a second round after the sender said "not solved"."""
    submission = submission or uuid.uuid4()
    holder = str(uuid.uuid4())
    events: list[tuple[str, dict[str, Any]]] = [
        (
            "received",
            {
                "identity_mode": "anonymous",
                "front_organisation_id": str(front),
                "unit_id": str(uuid.uuid4()),
                "received_on": "2026-01-02",
            },
        ),
        ("classified", {"kind": "report"}),
        (
            "accepted",
            {
                "kind": "report",
                "accepted_on": "2026-01-03",
                "due_on": due,
                "due_provisional": False,
                "rule_key": "FB.RESOLVE",
                "rule_version": 1,
            },
        ),
        ("assigned", {"holder_organisation_id": holder, "due_on": due}),
    ]
    for on, limit in ((answered, due), (second, "2026-05-20")):
        if on is None:
            continue
        if on is second:
            events += [
                ("disputed", {"disputed_on": on}),
                ("assigned", {"holder_organisation_id": holder, "due_on": limit}),
            ]
        answer = {
            "holder_organisation_id": holder,
            "front_organisation_id": str(front),
            "outcome": "done",
            "answered_on": on,
            "due_on": limit,
            "on_time": on <= limit,
        }
        events.append(("answered", answer))
    return [told(submission, number, *event) for number, event in enumerate(events, start=1)]


async def values(database: Database, period: str = "2026") -> dict[UUID, tuple[int, int, int]]:
    found = await rows(
        database,
        "SELECT organisation_id, numerator, denominator, expected - counted AS running FROM roll_up"
        " WHERE period = :period AND organisation_id IS NOT NULL AND indicator_id = :indicator",
        period=period,
        indicator=indicator_id("GEN-04"),
    )
    return {
        UUID(str(row["organisation_id"])): (int(row["numerator"]), int(row["denominator"]), row["running"])
        for row in found
    }


async def told_of(database: Database) -> list[dict[str, Any]]:
    query = "SELECT subject, sequence, type, data FROM outbox WHERE data ->> 'indicator_code' = 'GEN-04'"
    return await rows(database, query + " ORDER BY position")


async def apply(database: Database, events: list[Event], now: datetime = NOW) -> list[Outcome]:
    return [await handle_once(database, FEEDBACK, event, now) for event in events]


async def run_job(database: Database, now: datetime = NOW) -> int:
    async with database.write() as session:
        return await mark_overdue(session, now=now)


# front 0: on time, late, answered after it was overdue, silent past the due day, still running, late in a second round
STORIES = [
    story(COMMUNES[0], "2026-03-10", "2026-03-10", submission=UUID(int=1)),
    story(COMMUNES[0], "2026-03-10", "2026-03-11", submission=UUID(int=2)),
    story(COMMUNES[0], "2026-11-20", None, submission=UUID(int=3)),
    story(COMMUNES[0], "2026-12-20", None, submission=UUID(int=4)),
    story(COMMUNES[1], "2026-05-05", "2026-05-01", submission=UUID(int=5), second="2026-06-01"),
    story(COMMUNES[1], "2025-12-30", "2025-12-29", submission=UUID(int=6)),
]
EXPECTED_2026 = {COMMUNES[0]: (1, 3, 1), COMMUNES[1]: (1, 1, 0), CITY: (2, 4, 1)}


async def test_the_numbers(database: Database) -> None:
    await apply(database, list(itertools.chain(*STORIES)))
    await run_job(database)
    assert await values(database) == EXPECTED_2026
    assert await values(database, "2025") == {COMMUNES[1]: (1, 1, 0), CITY: (1, 1, 0)}


@pytest.mark.parametrize("seed", range(6))
async def test_late_doubled_and_reordered_events_give_the_same_numbers(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    events = list(itertools.chain(*STORIES))
    events += chance.sample(events, 10)  # delivered twice
    chance.shuffle(events)
    half = len(events) // 2
    await apply(database, events[:half])
    await run_job(database)  # the day's job runs while half of the events have not come yet
    await apply(database, events[half:])
    await drain(database, FEEDBACK, NOW)
    await run_job(database)
    await run_job(database)
    assert await values(database) == EXPECTED_2026
    assert await rows(database, "SELECT * FROM dead_letter") == []
    scratch = await rows(
        database,
        "SELECT count(*) FILTER (WHERE facts ->> 'answered_on' <= facts ->> 'due_on') AS numerator,"
        " count(*) FILTER (WHERE facts ? 'answered_on' OR facts ? 'ran_out') AS denominator"
        " FROM event_item WHERE facts ->> 'due_on' LIKE '2026-%'",
    )
    assert (scratch[0]["numerator"], scratch[0]["denominator"]) == (2, 4)


async def test_every_change_is_told_once_in_order_for_the_unit_and_the_city(database: Database) -> None:
    await apply(database, STORIES[0] + STORIES[1] + STORIES[3])
    await apply(database, STORIES[0])  # all of it again
    events = await told_of(database)
    assert {event["type"] for event in events} == {"targets.indicator.computed.v1"}
    city = [event for event in events if event["data"]["organisation_id"] == str(CITY)]
    assert [event["sequence"] for event in city] == [1, 2]  # nothing was told while the clocks only ran
    last = city[-1]["data"]
    assert (last["indicator_code"], last["period"]) == ("GEN-04", "2026")
    assert (last["numerator"], last["denominator"], last["status"]) == ("1", "2", "not_assessed")
    assert len([event for event in events if event["data"]["organisation_id"] == str(COMMUNES[0])]) == 2


async def test_the_due_day_itself_is_still_in_time(database: Database) -> None:
    await apply(database, story(COMMUNES[0], TODAY.isoformat(), None))
    last_moment = datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC)  # 23:59:59 in Việt Nam
    assert await run_job(database, last_moment) == 0
    assert await run_job(database, last_moment + timedelta(seconds=1)) == 1
    assert await run_job(database, last_moment + timedelta(days=1)) == 0
    assert await values(database) == {COMMUNES[0]: (0, 1, 0), CITY: (0, 1, 0)}
    audits = await rows(database, "SELECT action, details FROM audit_entry")
    assert audits == [{"action": "indicator.count_overdue", "details": {"day": "2026-11-24", "submissions": 1}}]


async def test_many_run_out_in_one_night_and_each_body_is_told_of_once(database: Database) -> None:
    for number in range(12):
        await apply(database, story(COMMUNES[number % 3], "2026-11-20", None))
    before = len(await told_of(database))
    async with database.write() as session:
        assert await mark_overdue(session, now=NOW, batch=100) == 12
    assert len(await told_of(database)) - before == 4
    assert (await values(database))[CITY] == (0, 12, 0)


async def test_a_new_due_day_moves_the_clock_to_another_year(database: Database) -> None:
    events = story(COMMUNES[0], "2026-11-20", None)
    await apply(database, events)
    await run_job(database)
    assert (await values(database))[CITY] == (0, 1, 0)
    longer = {"holder_organisation_id": str(uuid.uuid4()), "due_on": "2027-01-15"}
    await apply(database, [told(events[0].subject, 5, "assigned", longer)])
    assert (await values(database))[CITY] == (0, 0, 0)
    assert (await values(database, "2027"))[CITY] == (0, 0, 1)


async def test_an_event_waits_until_the_registry_s_facts_are_here(database: Database) -> None:
    unknown = uuid.uuid4()
    events = story(unknown, "2026-03-10", "2026-03-10")
    with pytest.raises(Retry):
        await handle_once(database, FEEDBACK, events[0], NOW)
    assert await rows(database, "SELECT 1 FROM inbox") == []
    assert await rows(database, "SELECT 1 FROM dead_letter") == []


async def test_a_broken_fact_is_put_aside_and_redriven(database: Database) -> None:
    events = story(COMMUNES[0], "2026-03-10", "2026-03-10")
    broken = Event(
        id=events[2].id,
        type=events[2].type,
        source=events[2].source,
        subject=events[2].subject,
        sequence=3,
        time=NOW,
        data={"due_on": "the day after"},
    )
    await apply(database, [*events[:2], broken, *events[3:]])
    assert await values(database) == {}
    assert {row["reason"] for row in await rows(database, "SELECT reason FROM dead_letter")} == {"retry", "gap"}
    await apply(database, [events[2]])
    await redrive(database, [FEEDBACK], None, NOW)
    assert (await values(database))[CITY] == (1, 1, 0)


async def test_progress_shows_what_is_counted_and_what_still_runs(house: House, database: Database) -> None:
    await apply(database, list(itertools.chain(*STORIES)))
    await run_job(database)
    officer = house.person(("monitoring_officer", BOARD))
    city = (await officer.get("/indicators/GEN-04/progress", period="2026")).json()
    assert (city["numerator"], city["denominator"], city["rate"]) == ("2", "4", "50")
    assert (city["coverage"]["counted"], city["coverage"]["expected"]) == (4, 5)
    assert (city["status"], city["reason"]) == ("not_assessed", "no_figure_in_text")
    assert city["period"]["status"] == "computed"
    unit = (await officer.get("/indicators/GEN-04/progress", period="2026", organisation_id=str(COMMUNES[1]))).json()
    assert (unit["numerator"], unit["denominator"]) == ("1", "1")
    none = (await officer.get("/indicators/GEN-04/progress", period="2020")).json()
    assert none["numerator"] is None


async def test_over_the_courier(busy_house: House, engines: Engines, database: Database) -> None:
    """Real streams: events published by feedback's name reach the numbers, and the numbers reach our stream."""
    client = await nats.connect(engines.nats_url("ops"))
    events = list(itertools.chain(*STORIES))
    random.Random(7).shuffle(events)
    for event in events:
        await client.jetstream().publish(event.channel, encode(event))
    async with asyncio.timeout(40):
        while (await values(database)).get(CITY) != EXPECTED_2026[CITY]:
            await asyncio.sleep(0.1)
            await run_job(database)
        while await rows(database, "SELECT 1 FROM outbox WHERE published_at IS NULL"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    total = len(await rows(database, "SELECT 1 FROM outbox"))
    stream = await client.jetstream().stream_info("TARGETS")
    assert stream.state.messages == total > 0
    await client.close()
