"""Inbox: the effect of an event, once, in the aggregate's order, in one transaction with the note that it happened.

message ─► handle_once ─► [inbox row + version step + handler + commit] ─► acknowledgement
                ├ version seen before ─► dropped          (stale or duplicate)
                ├ version too new ─────► dead_letter: gap  (applied when the missing one comes)
                └ handler failed ──────► dead_letter: retry, after five tries poison
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import dead_letters
from servicekit.clock import Clock
from servicekit.db import Database
from servicekit.events import Event, InvalidEvent, decode, split_version
from servicekit.failures import is_transient
from servicekit.nats_bus import Bus, Message, Reject, Retry
from servicekit.telemetry import with_traceparent
from servicekit.waiting import pause

__all__ = ["Consumer", "Event", "Handler", "Outcome", "drain", "handle_once", "redrive", "run_consumer"]

KEEP = timedelta(days=30)
SWEEP_SECONDS = 1.0
Handler = Callable[[AsyncSession, Event, datetime], Awaitable[None]]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Consumer:
    """One durable reader of one stream: event type → handler.

    All events of the stream arrive, so that versions are complete; types without a handler only move the version on.
    An unknown major version of a handled type is put aside unless `ignores` names it.
    """

    name: str
    stream: str
    handlers: Mapping[str, Handler]
    ignores: frozenset[str] = field(default=frozenset())

    def knows(self, event_type: str) -> bool:
        """Say whether the type is handled or may be passed over."""
        if event_type in self.handlers or event_type in self.ignores:
            return True
        name = split_version(event_type)[0]
        return all(split_version(handled)[0] != name for handled in self.handlers)


class Outcome(Enum):
    """What became of a delivered event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"
    PARKED = "parked"


# The upsert locks the aggregate's row, so that two deliveries of one aggregate stand in line, and steps the version
# only from its predecessor. A row with 0 stands for an aggregate of which only later versions have come.
_STEP = text(
    """
    WITH step AS (
      INSERT INTO inbox_progress AS p (consumer, source, subject, sequence)
      VALUES (:consumer, :source, :subject, CASE WHEN CAST(:sequence AS int) = 1 THEN 1 ELSE 0 END)
      ON CONFLICT (consumer, source, subject) DO UPDATE
        SET sequence = CASE WHEN p.sequence = CAST(:sequence AS int) - 1 THEN CAST(:sequence AS int) ELSE p.sequence END
      RETURNING COALESCE(old.sequence, 0) AS before, new.sequence AS after
    ), fresh AS (
      INSERT INTO inbox (consumer, event_id, applied_at)
      SELECT :consumer, :event_id, :now FROM step WHERE before < after
      ON CONFLICT DO NOTHING RETURNING event_id
    )
    SELECT before, after, EXISTS (SELECT 1 FROM fresh) AS fresh,
           EXISTS (SELECT 1 FROM inbox WHERE consumer = :consumer AND event_id = :event_id) AS known FROM step
    """
)
# A statement of its own: its snapshot is younger than the lock above, so it sees whatever was parked before us.
_ASIDE = text(
    "SELECT event_id, sequence, reason, payload FROM dead_letter WHERE consumer = :consumer AND source = :source"
    " AND subject = :subject AND sequence BETWEEN :sequence AND :sequence + 1"
)


async def handle_once(database: Database, consumer: Consumer, event: Event, now: datetime) -> Outcome:
    """Apply one event and whatever waited for it; raise Retry when the database is not available."""
    outcome, successor = await _traced(database, consumer, event, now)
    while successor is not None:
        _, successor = await _traced(database, consumer, successor, now)
    return outcome


async def _traced(database: Database, consumer: Consumer, event: Event, now: datetime) -> tuple[Outcome, Event | None]:
    with with_traceparent(event.traceparent, name=event.type):
        return await _apply(database, consumer, event, now)


async def _apply(database: Database, consumer: Consumer, event: Event, now: datetime) -> tuple[Outcome, Event | None]:
    """Apply one event in one transaction; return what became of it and the parked event that may follow."""
    try:
        async with database.write() as session:
            step = (
                await session.execute(
                    _STEP,
                    {
                        "consumer": consumer.name,
                        "source": event.source,
                        "subject": event.subject,
                        "sequence": event.sequence,
                        "event_id": event.id,
                        "now": now,
                    },
                )
            ).one()
            if step.before >= event.sequence:
                return (Outcome.DUPLICATE if step.known else Outcome.STALE), None
            if step.after != event.sequence:
                await dead_letters.park(session, consumer.name, event, now)
                return Outcome.PARKED, None
            if not step.fresh:
                return Outcome.DUPLICATE, None
            handler = consumer.handlers.get(event.type)
            if handler is not None:
                await handler(session, event, now)
            successor = await _tidy(session, consumer, event)
        return Outcome.APPLIED, successor
    except Exception as error:
        if is_transient(error):
            raise Retry(type(error).__name__) from error
        reason = await _fail(database, consumer, event, error, now)
        _log.error(
            "event_failed",
            consumer=consumer.name,
            event_id=str(event.id),
            type=event.type,
            error=type(error).__name__,
            reason=reason,
        )
        return Outcome.PARKED, None


async def _tidy(session: AsyncSession, consumer: Consumer, event: Event) -> Event | None:
    """Forget that the applied event was put aside; return the next one if it waits for exactly this."""
    rows = await session.execute(
        _ASIDE,
        {
            "consumer": consumer.name,
            "source": event.source,
            "subject": event.subject,
            "sequence": event.sequence,
        },
    )
    successor = None
    for row in rows.all():
        if row.sequence == event.sequence:
            await dead_letters.remove(session, consumer.name, row.event_id)
        elif row.reason == "gap":
            successor = decode(row.payload)
    return successor


async def _fail(database: Database, consumer: Consumer, event: Event, error: Exception, now: datetime) -> str:
    try:
        async with database.write() as session:
            return await dead_letters.record_failure(session, consumer.name, event, error, now)
    except Exception as second:
        raise Retry(type(second).__name__) from second


async def drain(database: Database, consumer: Consumer, now: datetime) -> int:
    """Apply what is put aside and can be tried now; return how many events were applied."""
    applied = 0
    while True:
        async with database.read() as session:
            letters = await dead_letters.ready(session, consumer.name, now)
        moved = 0
        for letter in letters:
            outcome = await handle_once(database, consumer, decode(letter.payload), now)
            if outcome in (Outcome.STALE, Outcome.DUPLICATE):
                async with database.write() as session:
                    await dead_letters.remove(session, consumer.name, letter.event_id)
            applied += outcome is Outcome.APPLIED
            moved += outcome is not Outcome.PARKED
        if not moved:
            return applied


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many events a redrive applied (or found applied), and how many are still put aside."""

    applied: int
    left: int


async def redrive(
    database: Database, consumers: Sequence[Consumer], event_ids: Collection[UUID] | None, now: datetime
) -> Redriven:
    """Try events put aside again, all of them when `event_ids` is None, then what waited behind them."""
    applied = left = 0
    for consumer in consumers:
        for letter in await dead_letters.list_dead_letters(
            database, [consumer.name], event_ids=event_ids, limit=100_000
        ):
            try:
                event = decode(letter.payload)
            except InvalidEvent:
                left += 1
                continue
            if not consumer.knows(event.type):
                left += 1
                continue
            if await handle_once(database, consumer, event, now) is Outcome.PARKED:
                left += 1
                continue
            applied += 1
            async with database.write() as session:
                await dead_letters.remove(session, consumer.name, letter.event_id)
        await drain(database, consumer, now)
    return Redriven(applied, left)


async def receive(database: Database, consumer: Consumer, payload: bytes, now: datetime) -> Outcome:
    """Take one delivered message: apply it, or put it aside and raise Reject when it can never be applied here."""
    try:
        event = decode(payload)
        known = consumer.knows(event.type)
        if known:
            return await handle_once(database, consumer, event, now)
        error = "UnknownVersion"
    except InvalidEvent as invalid:
        event, error = None, f"InvalidEvent:{invalid}"
    try:
        async with database.write() as session:
            await dead_letters.keep_invalid(session, consumer.name, payload, error, now, event)
    except Exception as failure:
        raise Retry(type(failure).__name__) from failure
    _log.error("event_invalid", consumer=consumer.name, error=error)
    raise Reject(error)


async def run_consumer(
    database: Database,
    bus: Bus,
    consumer: Consumer,
    clock: Clock,
    stop: asyncio.Event,
    *,
    after_commit: Callable[[], None] | None = None,
) -> None:
    """Consume a stream until `stop`; `after_commit` is told after every message (wakes the relay)."""

    async def handle(message: Message) -> None:
        await receive(database, consumer, message.data, clock.now())
        if after_commit is not None:
            after_commit()

    sweeping = asyncio.create_task(_sweep(database, consumer, clock, stop), name=f"sweep-{consumer.name}")
    try:
        await bus.consume(consumer.stream, consumer.name, handle, stop)
    finally:
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)


async def _sweep(database: Database, consumer: Consumer, clock: Clock, stop: asyncio.Event) -> None:
    """Try again what is due, every second; forget inbox rows whose versions refuse repeats anyway, every hour."""
    pruned: datetime | None = None
    while not stop.is_set():
        now = clock.now()
        try:
            await drain(database, consumer, now)
            if pruned is None or now - pruned > timedelta(hours=1):
                await _prune(database, consumer, now)
                pruned = now
        except Exception as error:
            _log.warning("sweep_failed", consumer=consumer.name, error=type(error).__name__)
            await pause(stop, 5)
        await pause(stop, SWEEP_SECONDS)


async def _prune(database: Database, consumer: Consumer, now: datetime) -> None:
    statement = text(
        "DELETE FROM inbox WHERE consumer = :consumer AND event_id IN (SELECT event_id FROM inbox"
        " WHERE consumer = :consumer AND applied_at < :before LIMIT 5000)"
    )
    async with database.write() as session:
        await session.execute(statement, {"consumer": consumer.name, "before": now - KEEP})
