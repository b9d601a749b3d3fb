"""D3: a random life with failures at every seam; afterwards one event a change and one effect an event, in order."""

import asyncio
import random
import uuid
from contextlib import suppress

import pytest

from servicekit.clock import SystemClock
from servicekit.inbox import Consumer, run_consumer
from servicekit.nats_bus import Retry
from servicekit.relay import Relay

TYPE = "feedback.thing.changed.v1"


@pytest.mark.parametrize("seed", range(3))
async def test_every_change_has_one_event_and_one_effect(world, bus, consumer_bus, seed):
    dice = random.Random(seed)
    things = [uuid.UUID(int=dice.getrandbits(128)) for _ in range(8)]
    calm = False

    async def dies_before_mark():
        if not calm and dice.random() < 0.3:
            raise ConnectionResetError("killed after publishing, before marking")

    def dies_before_acknowledging():
        if not calm and dice.random() < 0.15:
            raise RuntimeError("killed after the commit, before the acknowledgement")

    async def handler(session, event, now):
        await world.apply(session, event, now)
        if not calm and dice.random() < 0.1:
            raise Retry("killed before the commit")

    world.consumer = Consumer("oversight-feedback", "FEEDBACK", {TYPE: handler})
    relays = [Relay(world.publisher, bus, "feedback", before_mark=dies_before_mark) for _ in range(2)]
    consumers = [
        lambda stop: run_consumer(
            world.consumer_database,
            consumer_bus,
            world.consumer,
            SystemClock(),
            stop,
            after_commit=dies_before_acknowledging,
        )
        for _ in range(2)
    ]
    async with world.background(*(relay.run for relay in relays), *consumers):
        for _ in range(150):
            with suppress(ZeroDivisionError):
                await world.change(dice.choice(things), fail=dice.random() < 0.2)
            await asyncio.sleep(dice.random() * 0.02)
        calm = True
        await world.until(world.settled, 60)
    assert await world.outbox_violations() == []
    assert await world.effect_violations() == []
    assert await world.unpublished() == 0
