"""Inbox: every effect once and in order, whatever is delivered; what cannot be applied is put aside (D7, D8)."""

import asyncio
import json
import random
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from servicekit.clock import SystemClock
from servicekit.events import Event, InvalidEvent, decode, encode
from servicekit.inbox import Consumer, Outcome, handle_once, run_consumer
from servicekit.nats_bus import Retry
from servicekit.outbox import EventDraft, record
from servicekit.telemetry import current_traceparent, with_traceparent

TYPE = "feedback.thing.changed.v1"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def made(subject, sequence, **changes):
    values = {
        "id": uuid.uuid5(subject, str(sequence)),
        "type": TYPE,
        "source": "nhipcau/feedback",
        "subject": subject,
        "sequence": sequence,
        "time": NOW,
        "data": {"version": sequence},
    }
    return Event(**values | changes)


async def give(world, *events, now=NOW):
    return [await handle_once(world.consumer_database, world.consumer, event, now) for event in events]


async def lines(world, subject):
    return (await world.effects()).get(subject, [])


async def test_gap_parks_and_is_applied_when_it_fills(world):
    """D7: versions 1,3,2,2,4 give 1,2,3,4, once each."""
    one = uuid.uuid4()
    outcomes = await give(world, *(made(one, sequence) for sequence in (1, 3, 2, 2, 4)))
    assert outcomes == [
        Outcome.APPLIED,
        Outcome.PARKED,
        Outcome.APPLIED,
        Outcome.DUPLICATE,
        Outcome.APPLIED,
    ]
    assert await lines(world, one) == [1, 2, 3, 4]
    assert await world.letters() == {}


async def test_unknown_subject_waits_for_its_first_version(world):
    one = uuid.uuid4()
    assert await give(world, made(one, 2), made(one, 3)) == [Outcome.PARKED] * 2
    assert await lines(world, one) == []
    assert await world.letters() == {"gap": 2}
    assert await give(world, made(one, 1)) == [Outcome.APPLIED]
    assert await lines(world, one) == [1, 2, 3]


async def test_another_event_with_an_old_version_is_stale(world):
    one = uuid.uuid4()
    assert await give(world, made(one, 1), made(one, 1, id=uuid.uuid4())) == [Outcome.APPLIED, Outcome.STALE]
    assert await lines(world, one) == [1]


async def test_type_without_handler_moves_the_version_on(world):
    one = uuid.uuid4()
    await give(world, made(one, 1), made(one, 2, type="feedback.thing.renamed.v1"), made(one, 3))
    assert await lines(world, one) == [1, 3]


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_with_repeats_and_eight_hands(world, seed):
    dice = random.Random(seed)
    things = [uuid.UUID(int=dice.getrandbits(128)) for _ in range(6)]
    events = [made(thing, sequence) for thing in things for sequence in range(1, 9)]
    heap = events + dice.sample(events, 30)
    dice.shuffle(heap)

    async def hand(share):
        for event in share:
            await give(world, event)

    await asyncio.gather(*(hand(heap[start::8]) for start in range(8)))
    assert await world.effects() == {thing: list(range(1, 9)) for thing in things}
    assert await world.letters() == {}


async def test_checker_reports_an_inbox_that_is_off(world):
    """The sabotaged twin: the handler is called for whatever arrives."""
    one = uuid.uuid4()
    await world.change(one)

    async def sabotaged(event):
        async with world.consumer_database.write() as session:
            await world.consumer.handlers[event.type](session, event, NOW)

    await sabotaged(made(one, 1))
    assert await world.effect_violations() == []
    await sabotaged(made(one, 1))
    assert await world.effect_violations() != []


async def test_good_case_needs_two_statements_besides_the_handlers(world):
    await give(world, made(uuid.uuid4(), 1))
    seen = []
    engine = world.consumer_database.write_engine.sync_engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", lambda c, cur, statement, *_: seen.append(statement))
    await give(world, made(uuid.uuid4(), 1))
    assert len(seen) == 2 + 1


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"id": None},
        {"subject": 5},
        {"sequence": 1},
        {"sequence": "0"},
        {"sequence": "01"},
        {"sequence": "99999999999"},
        {"type": "a.b"},
        {"type": "feedback.thing.changed.v0"},
        {"source": "nhipcau/X\n"},
        {"time": "2026-01-01T00:00:00"},
        {"time": "yesterday"},
        {"data": []},
        {"data": None},
        {"specversion": "0.3"},
    ],
)
def test_envelope_members_are_checked(change):
    envelope = json.loads(encode(made(uuid.uuid4(), 1))) | change
    with pytest.raises(InvalidEvent):
        decode(json.dumps(envelope).encode())


def test_envelope_survives_the_way_and_unknown_members_are_ignored():
    event = made(uuid.uuid4(), 7, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert decode(encode(event)) == event
    assert encode(event) == encode(decode(encode(event)))
    assert decode(json.dumps(json.loads(encode(event)) | {"newer": 1}).encode()) == event


async def test_database_away_is_retried_and_not_counted(world, engines):
    one = uuid.uuid4()
    await engines.kill_postgres()
    try:
        with pytest.raises(Retry):
            await give(world, made(one, 1))
    finally:
        await engines.start_postgres()

    async def works():
        try:
            return await give(world, made(one, 1)) == [Outcome.APPLIED]
        except Retry:
            return False

    await world.until(works)
    assert await world.letters() == {}


async def test_lock_timeout_is_about_the_moment(world):
    async def waits(session, event, now):
        await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await session.execute(text("LOCK TABLE effect IN ACCESS EXCLUSIVE MODE"))

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: waits})
    async with world.consumer_database.write() as session:
        await world.apply(session, made(uuid.uuid4(), 1), NOW)
        with pytest.raises(Retry):
            await give(world, made(uuid.uuid4(), 1))
    assert await world.letters() == {}


async def test_handler_may_tell_events_of_its_own(world):
    """Effect, inbox row and the event it causes are one transaction."""

    async def handler(session, event, now):
        await world.apply(session, event, now)
        draft = EventDraft(type="oversight.case.opened.v1", subject=event.subject, sequence=1, data={})
        await record(session, event=draft, now=now)

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: handler})
    one = uuid.uuid4()
    await give(world, made(one, 1), made(one, 1))
    async with world.consumer_database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 1


async def test_lost_acknowledgement_is_one_effect(world, bus, consumer_bus):
    """The process fails after the commit and before the acknowledgement: the event comes again."""
    failed = []

    def after_commit():
        if len(failed) < 5:
            failed.append(1)
            raise RuntimeError("died")

    things = [uuid.uuid4() for _ in range(5)]
    for thing in things:
        event = made(thing, 1)
        await world.change(thing)
        await bus.publish(event.channel, encode(event), str(event.id))
    async with world.background(
        lambda stop: run_consumer(
            world.consumer_database, consumer_bus, world.consumer, SystemClock(), stop, after_commit=after_commit
        )
    ):
        await world.until(lambda: len(failed) == 5)
        await world.until(world.settled)
        await asyncio.sleep(1)
    assert await world.effect_violations() == []
    assert await world.letters() == {}


async def test_trace_goes_from_the_change_to_its_effect(world):
    trace = "0af7651916cd43dd8448eb211c80319c"
    traces = []

    async def handler(session, event, now):
        traces.append((event.traceparent, current_traceparent()))

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: handler})
    with with_traceparent(f"00-{trace}-b7ad6b7169203331-01"):
        await world.change(uuid.uuid4())
    async with world.publisher.read() as session:
        kept = await session.scalar(text("SELECT traceparent FROM outbox"))
    await give(world, made(uuid.uuid4(), 1, traceparent=kept))
    assert [trace in told and trace in around for told, around in traces] == [True]
