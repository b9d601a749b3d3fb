"""Relay: publishes committed outbox rows, one runner per database, each aggregate in its order.

It asks for what is not published, never for "id greater than the last": a transaction that took its number early may
commit late. A row is marked after the courier's acknowledgement; dying between the two publishes it twice, which
`Nats-Msg-Id` and the consumers' inboxes absorb.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import structlog

from servicekit.clock import Clock, SystemClock
from servicekit.db import Database
from servicekit.events import Event, encode, source_of
from servicekit.failures import CONNECTION_LOST
from servicekit.nats_bus import Bus, BusUnavailable
from servicekit.outbox import CHANNEL
from servicekit.waiting import first_of, pause

KEEP = timedelta(days=14)
BATCH = 500
CONCURRENT = 64
POLL_SECONDS = 1.0
PRUNE_EVERY = timedelta(hours=1)
_LOCK = "hashtext('nhipcau.relay')"

# In the order in which rows became due, read off the index of what is unpublished: rows that still wait are not looked
# at, however many there are. A row is held back while an earlier version of its aggregate comes later in that order.
# The COALESCE keeps the planner on the unique index of subject and sequence: one look for each row that is no first.
_TAKE = """
SELECT position, id, type, subject, sequence, time, traceparent, data
  FROM outbox AS o
 WHERE published_at IS NULL AND visible_at <= $1
   AND (sequence = 1 OR NOT EXISTS
         (SELECT 1 FROM outbox AS earlier
           WHERE earlier.subject = o.subject AND earlier.sequence < o.sequence
             AND earlier.visible_at > o.visible_at AND COALESCE(earlier.published_at, 'infinity') = 'infinity'))
 ORDER BY visible_at, position LIMIT $2"""
_BACKLOG = (
    "SELECT count(*) AS waiting, min(visible_at) AS oldest FROM outbox WHERE published_at IS NULL AND visible_at <= $1"
)
_PRUNE = """
DELETE FROM outbox WHERE position IN
 (SELECT position FROM outbox WHERE published_at < $1 ORDER BY position LIMIT 5000)"""

_log = structlog.get_logger(__name__)


class Relay:
    """The single publisher of one service's outbox.

    `state`: starting, standby (another process publishes), up, degraded (courier away), down (no database).
    `before_mark` is a place for tests to fail at: it runs after the acknowledgements, before the rows are marked.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        service: str,
        *,
        clock: Clock | None = None,
        before_mark: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._source = source_of(service)
        self._clock = clock or SystemClock()
        self._before_mark = before_mark
        self._pruned: datetime | None = None
        self.state = "starting"
        self.published = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; survive the loss of PostgreSQL and of NATS."""
        while not stop.is_set():
            connection: asyncpg.Connection[asyncpg.Record] | None = None
            try:
                connection = await self._database.connect_raw()
                await self._lead(connection, stop)
            except CONNECTION_LOST as error:
                self.state = "down"
                _log.warning("relay_lost_database", error=type(error).__name__)
                await pause(stop, 0.5)
            finally:
                if connection is not None:
                    connection.terminate()

    async def backlog(self) -> tuple[int, float]:
        """Return how many visible rows wait and how many seconds the oldest has waited."""
        now = self._clock.now()
        async with self._database.read() as session:
            connection = await session.connection()
            row = (await connection.exec_driver_sql(_BACKLOG, (now,))).one()
        return row.waiting, max(0.0, (now - row.oldest).total_seconds()) if row.oldest else 0.0

    async def _lead(self, connection: "asyncpg.Connection[asyncpg.Record]", stop: asyncio.Event) -> None:
        while not await connection.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})", timeout=5):
            self.state = "standby"
            await pause(stop, POLL_SECONDS)
            if stop.is_set():
                return
        # A plan made while the table was empty would be kept until it holds a million rows.
        await connection.execute("SET plan_cache_mode = force_custom_plan", timeout=5)
        woken = asyncio.Event()
        await connection.add_listener(CHANNEL, lambda *_: woken.set())
        connection.add_termination_listener(lambda *_: woken.set())
        wait = 0.1
        while not stop.is_set():
            woken.clear()
            try:
                count = await self._publish_batch(connection)
            except BusUnavailable as error:
                self.state = "degraded"
                _log.warning("relay_degraded", reason=str(error), retry_seconds=wait)
                await pause(stop, wait)
                wait = min(wait * 2, 5.0)
                continue
            self.state, wait = "up", 0.1
            if count < BATCH:
                await self._prune(connection)
                await first_of(woken, stop, seconds=POLL_SECONDS)

    async def _publish_batch(self, connection: "asyncpg.Connection[asyncpg.Record]") -> int:
        rows = await connection.fetch(_TAKE, self._clock.now(), BATCH, timeout=10)
        if not rows:
            if self._bus.state != "up":
                raise BusUnavailable(self._bus.state)
            return 0
        lines: dict[object, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            lines[row["subject"]].append(row)
        done: list[int] = []
        gate = asyncio.Semaphore(CONCURRENT)
        results = await asyncio.gather(
            *(self._publish_line(line, done, gate) for line in lines.values()), return_exceptions=True
        )
        if done:
            if self._before_mark is not None:
                await self._before_mark()
            await connection.execute(
                "UPDATE outbox SET published_at = $1 WHERE position = ANY($2::bigint[])",
                self._clock.now(),
                done,
                timeout=10,
            )
            self.published += len(done)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(rows)

    async def _publish_line(self, line: list[asyncpg.Record], done: list[int], gate: asyncio.Semaphore) -> None:
        """Publish one aggregate's rows one after the other; the first failure leaves the rest for later."""
        async with gate:
            for row in line:
                event = Event(
                    id=row["id"],
                    type=row["type"],
                    source=self._source,
                    subject=row["subject"],
                    sequence=row["sequence"],
                    time=row["time"],
                    data=json.loads(row["data"]),
                    traceparent=row["traceparent"],
                )
                await self._bus.publish(event.channel, encode(event), str(event.id))
                done.append(row["position"])

    async def _prune(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        now = self._clock.now()
        if self._pruned is not None and now - self._pruned < PRUNE_EVERY:
            return
        for _ in range(1000):
            if await connection.execute(_PRUNE, now - KEEP, timeout=30) != "DELETE 5000":
                break
        self._pruned = now
