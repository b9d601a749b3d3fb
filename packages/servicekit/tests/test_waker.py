"""The waker: commits are told to the relay, many at once."""

import asyncio

from servicekit.outbox import CHANNEL, Waker


async def test_waker_gathers_many_wakes_into_few_notifications(world):
    waker = Waker(world.publisher)
    heard = []
    connection = await world.publisher.connect_raw()
    await connection.add_listener(CHANNEL, lambda *_: heard.append(1))
    async with world.background(waker.run):
        for _ in range(200):
            waker.wake()
            await asyncio.sleep(0)
        await world.until(lambda: heard)
    await connection.close()
    assert len(heard) < 100
