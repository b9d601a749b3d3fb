"""Events put aside: waiting for a predecessor, for another try, or for a person.

reason   meaning                                              leaves by itself
gap      an earlier version of the aggregate has not come     when it comes
retry    the handler failed, fewer than five times            at `next_try_at`
poison   the handler failed five times                        no: redrive after the fix
invalid  not an envelope, or a major version not known here   no: redrive after the upgrade
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from opentelemetry import metrics
from sqlalchemy import Row, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import Database
from servicekit.events import Event, encode
from servicekit.tables import dead_letter

REASONS = ("gap", "retry", "poison", "invalid")
ATTEMPTS = 5
RETRY_SECONDS = (1, 2, 5, 15)
NOBODY = UUID(int=0)
_counter = metrics.get_meter("servicekit").create_counter(
    "nhipcau_dead_letters", description="Events put aside for a person, by consumer and reason"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One event put aside; `error` is a class name, never a text."""

    consumer: str
    event_id: UUID
    source: str
    type: str
    subject: UUID
    sequence: int
    reason: str
    error: str | None
    attempts: int
    first_seen_at: datetime
    parked_at: datetime | None
    next_try_at: datetime | None
    payload: bytes


def _row(consumer: str, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "consumer": consumer,
        "event_id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "payload": encode(event),
        "first_seen_at": now,
        "parked_at": now,
    }


async def park(session: AsyncSession, consumer: str, event: Event, now: datetime) -> None:
    """Put an event aside until its predecessor has been applied; does nothing if it already is aside."""
    row = _row(consumer, event, now) | {"reason": "gap"}
    await session.execute(insert(dead_letter).values(row).on_conflict_do_nothing())


async def record_failure(
    session: AsyncSession, consumer: str, event: Event, error: BaseException, now: datetime
) -> str:
    """Count one failed attempt and return the reason it now has: "retry" or "poison"."""
    name = type(error).__name__
    row = _row(consumer, event, now) | {
        "reason": "retry",
        "error": name,
        "attempts": 1,
        "next_try_at": now + timedelta(seconds=RETRY_SECONDS[0]),
    }
    tries = dead_letter.c.attempts + 1
    statement = (
        insert(dead_letter)
        .values(row)
        .on_conflict_do_update(
            index_elements=["consumer", "event_id"],
            set_={
                "attempts": tries,
                "error": name,
                "parked_at": now,
                "reason": text(f"CASE WHEN dead_letter.attempts + 1 >= {ATTEMPTS} THEN 'poison' ELSE 'retry' END"),
                "next_try_at": text(
                    f"CASE WHEN dead_letter.attempts + 1 >= {ATTEMPTS} THEN NULL ELSE CAST(:at AS timestamptz)"
                    " + make_interval(secs => (CAST(:delays AS int[]))[dead_letter.attempts + 1]) END"
                ).bindparams(bindparam("at", now), bindparam("delays", list(RETRY_SECONDS))),
            },
        )
        .returning(dead_letter.c.reason)
    )
    reason: str = (await session.execute(statement)).scalar_one()
    if reason == "poison":
        _counter.add(1, {"consumer": consumer, "reason": reason})
    return reason


async def keep_invalid(
    session: AsyncSession,
    consumer: str,
    payload: bytes,
    error: str,
    now: datetime,
    event: Event | None = None,
) -> None:
    """Put bytes aside that cannot be applied here; `event` when they are an envelope of an unknown major version."""
    if event is not None:
        row = _row(consumer, event, now)
    else:
        row = {
            "consumer": consumer,
            "event_id": uuid5(NAMESPACE_OID, hashlib.sha256(payload).hexdigest()),
            "source": "unknown",
            "type": "unknown",
            "subject": NOBODY,
            "sequence": 0,
            "payload": payload,
            "first_seen_at": now,
            "parked_at": now,
        }
    row |= {"reason": "invalid", "error": error}
    result = await session.execute(
        insert(dead_letter).values(row).on_conflict_do_nothing().returning(dead_letter.c.event_id)
    )
    if result.first() is not None:
        _counter.add(1, {"consumer": consumer, "reason": "invalid"})


async def remove(session: AsyncSession, consumer: str, event_id: UUID) -> None:
    """Take an event back from the side; it has been applied, or is not needed any more."""
    await session.execute(
        delete(dead_letter).where(dead_letter.c.consumer == consumer, dead_letter.c.event_id == event_id)
    )


_READY = text(
    "SELECT d.* FROM dead_letter d LEFT JOIN inbox_progress p"
    " ON p.consumer = d.consumer AND p.source = d.source AND p.subject = d.subject"
    " WHERE d.consumer = :consumer AND d.reason IN ('gap', 'retry')"
    " AND (d.next_try_at IS NULL OR d.next_try_at <= :now) AND d.sequence <= COALESCE(p.sequence, 0) + 1"
    " ORDER BY d.first_seen_at, d.sequence LIMIT 200"
)


async def ready(session: AsyncSession, consumer: str, now: datetime) -> list[DeadLetter]:
    """Return what can be tried now: its predecessor is applied and its time has come."""
    return [_letter(row) for row in await session.execute(_READY, {"consumer": consumer, "now": now})]


async def list_dead_letters(
    database: Database,
    consumers: Collection[str] | None = None,
    *,
    reasons: Collection[str] | None = None,
    event_ids: Collection[UUID] | None = None,
    limit: int = 1000,
) -> Sequence[DeadLetter]:
    """Return what is put aside, each aggregate in order, at most `limit`."""
    statement = select(dead_letter).order_by(
        dead_letter.c.consumer, dead_letter.c.source, dead_letter.c.subject, dead_letter.c.sequence
    )
    for column, wanted in (
        (dead_letter.c.consumer, consumers),
        (dead_letter.c.reason, reasons),
        (dead_letter.c.event_id, event_ids),
    ):
        if wanted is not None:
            statement = statement.where(column.in_(list(wanted)))
    async with database.read() as session:
        return [_letter(row) for row in await session.execute(statement.limit(limit))]


async def count_dead_letters(database: Database) -> dict[str, int]:
    """Return how many events are put aside, by reason."""
    async with database.read() as session:
        rows = await session.execute(text("SELECT reason, count(*) AS number FROM dead_letter GROUP BY reason"))
        return {row.reason: row.number for row in rows}


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(**{name: getattr(row, name) for name in DeadLetter.__slots__})
