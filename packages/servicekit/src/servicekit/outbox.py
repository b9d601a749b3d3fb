"""Outbox: the change and the event that tells of it are one transaction; a relay publishes afterwards.

    action ── record() ──► outbox row ── commit ──► Waker: NOTIFY ──► Relay ──► JetStream ──► published_at

PostgreSQL is the truth. NOTIFY only shortens the wait: the relay also looks every second. Published rows stay 14 days,
so that `replay` can tell everything again after the courier has lost its store.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import Database, fetch
from servicekit.events import Event, EventDraft, encode, source_of
from servicekit.failures import CONNECTION_LOST
from servicekit.nats_bus import Bus
from servicekit.telemetry import current_traceparent
from servicekit.waiting import first_of, pause
from servicekit.writes import Write, write_together

__all__ = ["CHANNEL", "EventDraft", "Waker", "event_write", "record", "record_all", "replay"]

CHANNEL = "outbox"
REPLAY_PAGE = 500
_EVENT = (
    (
        "event",
        "INSERT INTO outbox (id, type, subject, sequence, time, visible_at, traceparent, data)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    ),
)


def event_write(event: EventDraft, *, now: datetime, visible_at: datetime | None = None) -> Write:
    """Return the outbox row of an event as a write; its first argument is the event's new id. See `record`."""
    arguments = (
        uuid4(),
        event.type,
        event.subject,
        event.sequence,
        now,
        visible_at or now,
        event.traceparent or current_traceparent(),
        json.dumps(event.data, ensure_ascii=False, allow_nan=False),
    )
    return Write(_EVENT, arguments)


async def record(
    session: AsyncSession, *, event: EventDraft, now: datetime, visible_at: datetime | None = None
) -> UUID:
    """Write the event into the caller's transaction (one statement) and return its id.

    `visible_at` holds it back until then; the trace of the request goes with it unless the draft names another.
    A second event with the same subject and sequence breaks the unique constraint: two writers changed one aggregate
    without noticing each other.
    """
    write = event_write(event, now=now, visible_at=visible_at)
    await write_together(session, write)
    event_id: UUID = write.arguments[0]
    return event_id


_EVENTS = """
INSERT INTO outbox (id, type, subject, sequence, time, visible_at, traceparent, data)
SELECT id, type, subject, sequence, $5, $5, traceparent, CAST(data AS jsonb)
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::integer[], $6::text[], $7::text[])
       WITH ORDINALITY AS told (id, type, subject, sequence, traceparent, data, place)
 ORDER BY place"""


async def record_all(session: AsyncSession, events: Sequence[EventDraft], *, now: datetime) -> None:
    """Write many events into the caller's transaction, in their order, as one statement; see `record`."""
    if not events:
        return
    trace = current_traceparent()
    await fetch(
        session,
        _EVENTS,
        [uuid4() for _ in events],
        [event.type for event in events],
        [event.subject for event in events],
        [event.sequence for event in events],
        now,
        [event.traceparent or trace for event in events],
        [json.dumps(event.data, ensure_ascii=False, allow_nan=False) for event in events],
    )


class Waker:
    """Tells the relay that something was committed, at most once in 5 ms, from a connection of its own.

    Why not NOTIFY inside the transaction: PostgreSQL then takes one lock for the whole cluster at commit, and all
    commits stand in line behind it. A lost wake costs at most the relay's one second.
    """

    INTERVAL = 0.005

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Ask for a wake-up; returns at once, may be called after every commit."""
        self._wanted.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send the wakes until `stop`; a lost connection is opened again."""
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            while True:
                await first_of(self._wanted, stop)
                if stop.is_set():
                    return
                self._wanted.clear()
                try:
                    if connection is None or connection.is_closed():
                        connection = await self._database.connect_raw()
                    await connection.execute(f"NOTIFY {CHANNEL}", timeout=2)
                except CONNECTION_LOST:
                    if connection is not None:
                        connection.terminate()
                    connection = None
                    await pause(stop, 0.5)
                await asyncio.sleep(self.INTERVAL)
        finally:
            if connection is not None:
                connection.terminate()


async def replay(database: Database, bus: Bus, since: datetime, until: datetime | None = None, *, service: str) -> int:
    """Publish again every published event whose time lies in [since, until) and return how many.

    Order is that of the outbox. Consumers drop what they have; a store that still remembers the ids drops them too.
    """
    statement = text(
        "SELECT position, id, type, subject, sequence, time, traceparent, data FROM outbox"
        " WHERE published_at IS NOT NULL AND position > :after AND time >= :since"
        " AND (CAST(:until AS timestamptz) IS NULL OR time < CAST(:until AS timestamptz))"
        " ORDER BY position LIMIT :page"
    )
    after, count = 0, 0
    while True:
        async with database.read() as session:
            rows = (
                await session.execute(statement, {"after": after, "since": since, "until": until, "page": REPLAY_PAGE})
            ).all()
        if not rows:
            return count
        events = [
            Event(
                id=row.id,
                type=row.type,
                source=source_of(service),
                subject=row.subject,
                sequence=row.sequence,
                time=row.time,
                data=row.data,
                traceparent=row.traceparent,
            )
            for row in rows
        ]
        for batch in (events[start : start + 100] for start in range(0, len(events), 100)):
            await asyncio.gather(*(bus.publish(event.channel, encode(event), str(event.id)) for event in batch))
        after, count = rows[-1].position, count + len(rows)
