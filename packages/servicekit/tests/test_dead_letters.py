"""Dead letters: what cannot be applied is put aside, never skipped, and comes back by itself or by a person (D8)."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from servicekit import dead_letters
from servicekit.events import Event, decode, encode
from servicekit.inbox import Consumer, Outcome, drain, handle_once, receive, redrive
from servicekit.nats_bus import Reject
from servicekit.telemetry import metrics_text
from servicekit.telemetry.measures import start_metrics

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


def poison_metric():
    start_metrics("test")
    counted = re.findall(
        r'^nhipcau_dead_letters_total\{[^}]*reason="poison"[^}]*\} ([0-9.]+)$', metrics_text()[0].decode(), re.M
    )
    return sum(map(float, counted))


async def test_failing_handler_leaves_nothing_but_its_letter(world):
    async def half(session, event, now):
        await world.apply(session, event, now)
        raise ValueError("secret text")

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: half})
    one = uuid.uuid4()
    assert await give(world, made(one, 1)) == [Outcome.PARKED]
    assert await world.effects() == {}
    (letter,) = await dead_letters.list_dead_letters(world.consumer_database)
    assert (letter.reason, letter.error, letter.attempts) == ("retry", "ValueError", 1)
    assert letter.next_try_at == NOW + timedelta(seconds=1)
    assert decode(letter.payload) == made(one, 1)
    async with world.consumer_database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM inbox")) == 0


async def test_poison_is_put_aside_others_go_on_and_redrive_applies_it(world):
    """D8: 300 events, 3 poison; their successors wait behind them."""
    things = [uuid.uuid4() for _ in range(100)]
    poison = {made(thing, 2).id for thing in things[:3]}
    broken = True

    async def handler(session, event, now):
        if broken and event.id in poison:
            raise KeyError("x")
        await world.apply(session, event, now)

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: handler})
    before = poison_metric()
    for sequence in (1, 2, 3):
        await give(world, *(made(thing, sequence) for thing in things))
    now = NOW
    for _ in range(6):
        now += timedelta(seconds=30)
        await drain(world.consumer_database, world.consumer, now)
    assert sum(map(len, (await world.effects()).values())) == 300 - 6
    assert await world.letters() == {"poison": 3, "gap": 3}
    assert {letter.attempts for letter in await _letters(world, "poison")} == {dead_letters.ATTEMPTS}
    assert poison_metric() - before == 3
    async with world.consumer_database.read() as session:
        # What waits behind poison must not fill the page of what can be tried.
        assert await dead_letters.ready(session, world.consumer.name, now) == []

    again = await redrive(world.consumer_database, [world.consumer], None, now)
    assert await world.letters() == {"poison": 3, "gap": 3}
    assert again.applied == 0

    broken = False
    await drain(world.consumer_database, world.consumer, now + timedelta(days=1))
    assert await world.letters() == {"poison": 3, "gap": 3}, "poison waits for a person"
    one = (await _letters(world, "poison"))[0]
    assert (await redrive(world.consumer_database, [world.consumer], [one.event_id], now)).applied == 1
    assert await world.letters() == {"poison": 2, "gap": 2}
    await redrive(world.consumer_database, [world.consumer], None, now)
    assert await world.letters() == {}
    assert await world.effects() == {thing: [1, 2, 3] for thing in things}


async def _letters(world, reason):
    return await dead_letters.list_dead_letters(world.consumer_database, reasons=[reason])


async def test_retry_comes_by_itself_when_the_handler_recovers(world):
    failures = [1, 1]

    async def handler(session, event, now):
        if failures:
            failures.pop()
            raise RuntimeError
        await world.apply(session, event, now)

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: handler})
    one = uuid.uuid4()
    await give(world, made(one, 1), made(one, 2))
    assert await drain(world.consumer_database, world.consumer, NOW) == 0
    assert await drain(world.consumer_database, world.consumer, NOW + timedelta(seconds=1)) == 0
    assert await drain(world.consumer_database, world.consumer, NOW + timedelta(seconds=3)) >= 1
    assert await lines(world, one) == [1, 2]
    assert await world.letters() == {}


async def test_redelivery_after_the_fix_clears_the_letter(world):
    one = uuid.uuid4()
    good = world.consumer

    async def bad(session, event, now):
        raise RuntimeError

    world.consumer = Consumer(good.name, good.stream, {TYPE: bad})
    await give(world, made(one, 1))
    world.consumer = good
    assert await give(world, made(one, 1)) == [Outcome.APPLIED]
    assert await world.letters() == {}


async def test_unreadable_and_unknown_versions_are_put_aside(world):
    database, consumer = world.consumer_database, world.consumer
    newer = made(uuid.uuid4(), 1, type="feedback.thing.changed.v2")
    for payload in (b"\xff", b"[" * 100_000, b'{"specversion":"1.0"}', encode(newer)):
        for _ in range(2):
            with pytest.raises(Reject):
                await receive(database, consumer, payload, NOW)
    assert await world.letters() == {"invalid": 4}
    assert (await redrive(database, [consumer], None, NOW)).left == 4
    upgraded = Consumer(consumer.name, consumer.stream, {**consumer.handlers, newer.type: world.apply})
    assert (await redrive(database, [upgraded], [newer.id], NOW)).applied == 1
    assert await world.letters() == {"invalid": 3}


async def test_ignored_version_moves_the_version_on(world):
    two = "feedback.thing.changed.v2"
    consumer = Consumer("oversight-feedback", "FEEDBACK", world.consumer.handlers, ignores=frozenset({two}))
    one = uuid.uuid4()
    for event in (made(one, 1), made(one, 2, type=two), made(one, 3)):
        assert await receive(world.consumer_database, consumer, encode(event), NOW) is Outcome.APPLIED
    assert await lines(world, one) == [1, 3]
