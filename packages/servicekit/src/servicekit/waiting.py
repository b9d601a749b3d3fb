"""Waiting that ends early when asked to stop."""

import asyncio
from contextlib import suppress


async def pause(stop: asyncio.Event, seconds: float | None) -> None:
    """Wait `seconds` (for ever when None), or less if `stop` is set meanwhile."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def first_of(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Wait until one of the events is set, at most `seconds` when given."""
    waiters = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
