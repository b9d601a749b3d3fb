"""Outbox and relay: an event if and only if the change was committed, whatever dies in between (D3, D4, D5, D6)."""

import asyncio
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import nats
import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from servicekit.clock import SystemClock
from servicekit.events import decode
from servicekit.failures import CONNECTION_LOST
from servicekit.inbox import run_consumer
from servicekit.outbox import EventDraft, record, replay
from servicekit.relay import Relay

SERVICE = "feedback"
AWAY = (*CONNECTION_LOST, DBAPIError)


def consuming(world, bus):
    return lambda stop: run_consumer(world.consumer_database, bus, world.consumer, SystemClock(), stop)


async def stream_size(engines):
    client = await nats.connect(engines.nats_url("ops"))
    try:
        return (await client.jetstream().stream_info("FEEDBACK")).state.messages
    finally:
        await client.close()


async def test_record_is_one_statement_in_the_callers_transaction(world):
    seen = []
    engine = world.publisher.write_engine.sync_engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", lambda c, cur, statement, *_: seen.append(statement))
    async with world.publisher.write() as session:
        await session.execute(text("SELECT 1"))
        seen.clear()
        draft = EventDraft(type=world.type, subject=uuid.uuid4(), sequence=1, data={"a": 1})
        await record(session, event=draft, now=datetime.now(UTC))
    assert len(seen) == 1


async def test_rolled_back_change_leaves_no_event(world):
    subject = uuid.uuid4()
    await world.change(subject)
    with pytest.raises(ZeroDivisionError):
        await world.change(subject, fail=True)
    await world.change(subject)
    assert await world.versions() == {subject: 2}
    assert await world.outbox_violations() == []


async def test_checker_reports_an_outbox_outside_the_transaction(world):
    """The sabotaged twin: events written in a transaction of their own outlive the change they tell of."""
    subject = uuid.uuid4()

    async def sabotaged(fail):
        async with world.publisher.write() as session:
            version = await world.bump(session, subject)
            async with world.publisher.write() as another:
                draft = EventDraft(type=world.type, subject=subject, sequence=version, data={})
                await record(another, event=draft, now=datetime.now(UTC))
            if fail:
                raise ZeroDivisionError

    await sabotaged(fail=False)
    with pytest.raises(ZeroDivisionError):
        await sabotaged(fail=True)
    assert await world.outbox_violations() != []


async def test_same_version_twice_is_refused(world):
    subject = uuid.uuid4()
    await world.change(subject)
    draft = EventDraft(type=world.type, subject=subject, sequence=1, data={})

    async def again():
        async with world.publisher.write() as session:
            await record(session, event=draft, now=datetime.now(UTC))

    with pytest.raises(asyncpg.UniqueViolationError):
        await again()


async def test_relay_publishes_the_envelope_and_keeps_the_row(world, bus, engines):
    subject = uuid.uuid4()
    event_id = await world.change(subject)
    relay = Relay(world.publisher, bus, SERVICE)
    async with world.background(relay.run):
        await world.until(lambda: relay.published == 1)
    client = await nats.connect(engines.nats_url("ops"))
    message = await client.jetstream().get_msg("FEEDBACK", 1)
    await client.close()
    event = decode(message.data)
    assert message.subject == f"{world.type}.{subject}"
    assert (event.id, event.source, event.subject, event.sequence) == (event_id, "nhipcau/feedback", subject, 1)
    assert event.data == {"version": 1}
    async with world.publisher.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL")) == 1


async def test_late_commit_with_an_early_number_is_published(world, bus):
    relay = Relay(world.publisher, bus, SERVICE)
    async with world.background(relay.run):
        async with world.publisher.write() as slow:
            draft = EventDraft(type=world.type, subject=uuid.uuid4(), sequence=1, data={})
            await record(slow, event=draft, now=datetime.now(UTC))
            await world.change(uuid.uuid4())
            await world.until(lambda: relay.published == 1)
        await world.until(lambda: relay.published == 2)


async def test_held_back_event_holds_its_successors_and_nobody_else(world, bus):
    held, free = uuid.uuid4(), uuid.uuid4()
    now = datetime.now(UTC)
    await world.change(held, visible_at=now + timedelta(hours=1))
    await world.change(held)
    await world.change(free)
    relay = Relay(world.publisher, bus, SERVICE)
    async with world.background(relay.run):
        await world.until(lambda: relay.published == 1)
        await asyncio.sleep(1.2)
        assert relay.published == 1
        async with world.publisher.write() as session:
            await session.execute(text("UPDATE outbox SET visible_at = :now"), {"now": now})
        await world.until(lambda: relay.published == 3)


async def test_killed_between_publish_and_mark_is_one_effect(world, bus, consumer_bus, engines):
    """D4: the broker has forgotten the id when the next relay publishes again; the inbox has not."""
    client = await nats.connect(engines.nats_url("ops"))
    js = client.jetstream()
    config = (await js.stream_info("FEEDBACK")).config
    config.duplicate_window = 0.2
    await js.update_stream(config)
    for _ in range(3):
        await world.change(uuid.uuid4())
    killed = asyncio.Event()

    async def die():
        killed.set()
        await asyncio.sleep(3600)

    dying = Relay(world.publisher, bus, SERVICE, before_mark=die)
    task = asyncio.create_task(dying.run(asyncio.Event()))
    await asyncio.wait_for(killed.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await world.unpublished() == 3
    await asyncio.sleep(0.6)
    relay = Relay(world.publisher, bus, SERVICE)
    async with world.background(relay.run, consuming(world, consumer_bus)):
        await world.until(lambda: relay.published == 3)
        await world.until(world.settled)
        assert (await js.stream_info("FEEDBACK")).state.messages == 6
        await world.until(lambda: _acknowledged(js, world.consumer.name))
    await client.close()
    assert await world.effect_violations() == []


async def _acknowledged(js, durable):
    info = await js.consumer_info("FEEDBACK", durable)
    return info.num_pending == 0 and info.num_ack_pending == 0


async def test_one_relay_publishes_and_the_other_takes_over(world, bus):
    first, second = (Relay(world.publisher, bus, SERVICE) for _ in range(2))
    async with world.background(second.run):
        async with world.background(first.run):
            await world.until(lambda: {first.state, second.state} == {"up", "standby"})
            leader, other = (first, second) if first.state == "up" else (second, first)
            await world.change(uuid.uuid4())
            await world.until(lambda: leader.published == 1)
            assert other.published == 0
        await world.change(uuid.uuid4())
        await world.until(lambda: first.published + second.published == 2)
        assert second.state == "up"


async def test_courier_down_writes_go_on_and_the_backlog_drains_in_order(world, bus, consumer_bus, engines):
    """D5 in small: 600 changes of 60 things while NATS is killed."""
    things = [uuid.uuid4() for _ in range(60)]
    relay = Relay(world.publisher, bus, SERVICE)
    async with world.background(relay.run, consuming(world, consumer_bus)):
        await world.change(things[0])
        await world.until(world.settled)
        await engines.kill_nats()
        try:
            await world.until(lambda: bus.state == "down")
            for _ in range(10):
                await asyncio.gather(*(world.change(thing) for thing in things))
            await world.until(lambda: relay.state == "degraded")
            assert await world.unpublished() == 600
        finally:
            await engines.start_nats()
        await world.until(world.settled, 60)
        await world.until(lambda: relay.state == "up")
    assert await world.outbox_violations() == []
    assert await world.effect_violations() == []
    assert await world.unpublished() == 0


async def test_database_killed_and_back(world, bus, consumer_bus, engines):
    relay = Relay(world.publisher, bus, SERVICE)
    thing = uuid.uuid4()
    async with world.background(relay.run, consuming(world, consumer_bus)):
        for _ in range(20):
            await world.change(thing)
        await engines.kill_postgres()
        try:
            with pytest.raises(AWAY):
                await world.change(thing)
            await world.until(lambda: relay.state == "down")
        finally:
            await engines.start_postgres()
        await world.until(lambda: relay.state == "up")

        async def five_more():
            with suppress(*AWAY):  # what died in the pool with the server is found out by its first use
                await world.change(thing)
                return (await world.versions())[thing] >= 25
            return False

        await world.until(five_more)
        await world.until(world.settled, 60)
    assert await world.outbox_violations() == []
    assert await world.effect_violations() == []


async def test_replay_after_the_store_is_wiped(world, bus, consumer_bus, engines):
    """D6 in small: the courier loses everything and one consumer too; both are as before afterwards."""
    began = datetime.now(UTC) - timedelta(days=14)
    things = [uuid.uuid4() for _ in range(20)]
    relay = Relay(world.publisher, bus, SERVICE)
    async with world.background(relay.run, consuming(world, consumer_bus)):
        for _ in range(5):
            await asyncio.gather(*(world.change(thing) for thing in things))
        await world.until(world.settled)
    before = await world.effects()

    await engines.purge_streams()
    assert await stream_size(engines) == 0
    assert await replay(world.publisher, bus, began, service=SERVICE) == 100
    async with world.background(consuming(world, consumer_bus)):
        await world.until(lambda: _all_read(engines))
    assert await world.effects() == before

    async with world.consumer_database.write() as session:
        for table in ("effect", "inbox", "inbox_progress"):
            await session.execute(text(f"DELETE FROM {table}"))
    await engines.purge_streams()
    assert await replay(world.publisher, bus, began, service=SERVICE) == 100
    async with world.background(consuming(world, consumer_bus)):
        await world.until(world.settled)
    assert await world.effects() == before
    assert await replay(world.publisher, bus, began, until=began, service=SERVICE) == 0


async def _all_read(engines):
    client = await nats.connect(engines.nats_url("ops"))
    try:
        return await _acknowledged(client.jetstream(), "oversight-feedback")
    except nats.js.errors.NotFoundError:
        return False
    finally:
        await client.close()


async def test_rows_leave_fourteen_days_after_publishing(world, bus):
    for _ in range(3):
        await world.change(uuid.uuid4())
    async with world.publisher.write() as session:
        await session.execute(
            text("UPDATE outbox SET published_at = :then WHERE position = (SELECT min(position) FROM outbox)"),
            {"then": datetime.now(UTC) - timedelta(days=15)},
        )
    relay = Relay(world.publisher, bus, SERVICE)

    async def left():
        async with world.publisher.read() as session:
            return await session.scalar(text("SELECT count(*) FROM outbox")) == 2

    async with world.background(relay.run):
        await world.until(left)
