"""The line of deliveries of one process: claims what is due and keeps many attempts under way at once."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import structlog

from servicekit.service import Runtime
from webhooks.actions.claim_deliveries import Claimed, claim_deliveries
from webhooks.actions.settle_attempt import settle_attempt
from webhooks.sending.attempts import Sender

_log = structlog.get_logger(__name__)


class Line:
    """Attempts under way; a tick takes more, up to each endpoint's share, and returns at once."""

    def __init__(self, runtime: Runtime, sender: Sender) -> None:
        self._runtime, self._sender = runtime, sender
        self._busy: Counter[UUID] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def tick(self) -> None:
        """Claim what is due now and start it."""
        busy = {endpoint: count for endpoint, count in self._busy.items() if count}
        async with self._runtime.database.write() as session:
            claimed = await claim_deliveries(session, busy, self._runtime.clock.now())
        for one in claimed:
            self._busy[one.endpoint_id] += 1
            task = asyncio.create_task(self._deliver(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            outcome = await self._sender.attempt(claimed, self._runtime.clock.now())
            now = self._runtime.clock.now()
            async with self._runtime.database.write() as session:
                await settle_attempt(
                    session,
                    claimed,
                    outcome,
                    chance=random.random(),  # noqa: S311 - spreads retries, guards nothing
                    scale=self._runtime.settings.retry_time_scale,
                    now=now,
                )
            self._runtime.waker.wake()
        except Exception:
            _log.exception("delivery_not_settled", delivery_id=str(claimed.id))  # due again when the claim ends
        finally:
            self._busy[claimed.endpoint_id] -= 1

    async def close(self) -> None:
        """Wait a little for what is under way; what is not settled is tried again after its claim ends."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
