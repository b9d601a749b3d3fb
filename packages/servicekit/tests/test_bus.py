"""The courier against a real NATS: starts without it, comes back, keeps order, never believes in vain."""

import asyncio
import os
import signal
import uuid

import nats
import pytest
from nats.js.errors import NotFoundError

from servicekit import pulling
from servicekit.nats_bus import Bus, BusUnavailable, Reject, Retry

SUBJECT = "feedback.thing.changed.v1"


async def send(bus, number, thing="a"):
    await bus.publish(f"{SUBJECT}.{thing}", str(number).encode(), uuid.uuid4().hex)


def collecting(bus, handler, durable="oversight-feedback", **options):
    return lambda stop: bus.consume("FEEDBACK", durable, handler, stop, **options)


@pytest.fixture
async def ops(engines, streams):
    client = await nats.connect(engines.nats_url("ops"))
    yield client.jetstream()
    await client.close()


async def settled(ops, durable="oversight-feedback"):
    try:
        info = await ops.consumer_info("FEEDBACK", durable)
    except NotFoundError:
        return False
    return info.num_pending == 0 and info.num_ack_pending == 0


async def test_publish_returns_when_stored(bus, ops):
    await send(bus, 1)
    assert (await ops.stream_info("FEEDBACK")).state.messages == 1


async def test_same_id_is_stored_once(bus, ops):
    for _ in range(3):
        await bus.publish(f"{SUBJECT}.a", b"1", "the same")
    assert (await ops.stream_info("FEEDBACK")).state.messages == 1


async def test_foreign_subject_is_not_confirmed(bus, monkeypatch):
    monkeypatch.setattr(bus, "PUBLISH_TIMEOUT", 0.5)
    with pytest.raises(BusUnavailable):
        await bus.publish("registry.unit.changed.v1.a", b"1", "x")


async def test_starting_without_a_server_blocks_nobody(engines, world):
    await engines.kill_nats()
    late = Bus(engines.nats_url("feedback"), "late")
    try:
        await asyncio.wait_for(late.connect(), 2)
        assert late.state == "connecting"
        with pytest.raises(BusUnavailable):
            await send(late, 1)
    finally:
        await engines.start_nats()
    await world.until(lambda: late.state == "up")
    await send(late, 1)
    await late.close()


async def test_consumer_set_up_is_the_houses(bus, consumer_bus, ops, world):
    async def nothing(message):
        pass

    async with world.background(collecting(consumer_bus, nothing)):
        await send(bus, 1)
        await world.until(lambda: settled(ops))
    config = (await ops.consumer_info("FEEDBACK", "oversight-feedback")).config
    assert (config.max_deliver, config.ack_wait, config.max_ack_pending) == (-1, 30, 256)
    assert config.durable_name == "oversight-feedback"


async def test_one_subject_in_order_many_at_a_time(bus, consumer_bus, world):
    seen, running, most = {}, 0, 0

    async def handler(message):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.03 if int(message.data) % 2 == 0 else 0)
        running -= 1
        seen.setdefault(message.subject, []).append(int(message.data))

    for number in range(15):
        await asyncio.gather(*(send(bus, number, thing) for thing in range(7)))
    async with world.background(collecting(consumer_bus, handler)):
        await world.until(lambda: sum(map(len, seen.values())) >= 105)
    assert all(numbers == list(range(15)) for numbers in seen.values())
    assert 1 < most <= 4


async def test_server_killed_and_back_while_a_pull_waits(bus, consumer_bus, engines, world):
    seen = []

    async def handler(message):
        seen.append(int(message.data))

    async with world.background(collecting(consumer_bus, handler)):
        await send(bus, 1)
        await world.until(lambda: seen == [1])
        await engines.kill_nats()
        await world.until(lambda: bus.state == "down")
        with pytest.raises(BusUnavailable):
            await send(bus, 2)
        await engines.start_nats()
        await world.until(lambda: bus.state == "up")
        await send(bus, 3)
        await world.until(lambda: 3 in seen)
    assert 2 not in seen, "what failed while disconnected must not be sent later from a buffer"


async def test_stopped_server_gives_no_false_success(bus, ops, engines, world, monkeypatch):
    monkeypatch.setattr(bus, "PUBLISH_TIMEOUT", 1.0)
    os.kill(engines.nats_pid, signal.SIGSTOP)
    try:
        with pytest.raises(BusUnavailable):
            await bus.publish(f"{SUBJECT}.a", b"1", "once")
    finally:
        os.kill(engines.nats_pid, signal.SIGCONT)
    await world.until(lambda: bus.state == "up")
    await bus.publish(f"{SUBJECT}.a", b"1", "once")
    assert (await ops.stream_info("FEEDBACK")).state.messages == 1


async def test_retry_comes_again_and_reject_never(bus, consumer_bus, ops, world):
    seen = []

    async def handler(message):
        seen.append((int(message.data), message.deliveries))
        if message.data == b"1" and message.deliveries == 1:
            raise Retry
        if message.data == b"2":
            raise Reject
        if message.data == b"3" and message.deliveries == 1:
            raise ZeroDivisionError

    async with world.background(collecting(consumer_bus, handler)):
        for number in (1, 2, 3):
            await send(bus, number, number)
        await world.until(lambda: {(1, 2), (3, 2)} <= set(seen))
        await world.until(lambda: settled(ops))
    assert [delivery for number, delivery in seen if number == 2] == [1]


async def test_slow_handler_keeps_its_message(bus, consumer_bus, world, monkeypatch):
    monkeypatch.setattr(pulling, "ACK_WAIT_SECONDS", 1.5)
    monkeypatch.setattr(pulling, "_TOUCH_SECONDS", 0.2)
    begun, ended = [], []

    async def handler(message):
        begun.append(message.deliveries)
        await asyncio.sleep(4)
        ended.append(1)

    async with world.background(collecting(consumer_bus, handler, durable="oversight-slow")):
        await send(bus, 1)
        await send(bus, 2)
        await world.until(lambda: len(ended) == 2)
    assert begun == [1, 1]


async def test_deleted_consumer_is_made_anew(bus, consumer_bus, ops, world):
    seen = []

    async def handler(message):
        seen.append(int(message.data))

    async with world.background(collecting(consumer_bus, handler)):
        await send(bus, 1)
        await world.until(lambda: seen == [1])
        await ops.delete_consumer("FEEDBACK", "oversight-feedback")
        await send(bus, 2)
        await world.until(lambda: 2 in seen)


async def test_stream_made_later_is_found(consumer_bus, bus, ops, world):
    config = (await ops.stream_info("FEEDBACK")).config
    await ops.delete_stream("FEEDBACK")
    seen = []

    async def handler(message):
        seen.append(int(message.data))

    async with world.background(collecting(consumer_bus, handler)):
        await asyncio.sleep(0.3)
        with pytest.raises(BusUnavailable):
            await send(bus, 1)
        await ops.add_stream(config)
        await send(bus, 2)
        await world.until(lambda: seen == [2])


async def test_silent_subscription_is_rebuilt_and_in_the_end_given_up(consumer_bus, engines, world, monkeypatch):
    """A server that answers pings and nothing else, as seen after leader changes: requests go nowhere."""
    from servicekit.nats_bus import ConsumerStalled

    monkeypatch.setattr(consumer_bus, "REBUILD_AFTER", 0.5)
    monkeypatch.setattr(consumer_bus, "GIVE_UP_AFTER", 2.0)
    monkeypatch.setattr(pulling, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(pulling, "NEXT_PREFIX", "_INBOX.nobody")

    async def handler(message):
        raise AssertionError

    with pytest.raises(ConsumerStalled):
        await asyncio.wait_for(consumer_bus.consume("FEEDBACK", "oversight-feedback", handler, asyncio.Event()), 30)


async def test_reset_makes_a_new_connection(bus, world):
    await bus.reset()
    await world.until(lambda: bus.state == "up")
    await send(bus, 1)
