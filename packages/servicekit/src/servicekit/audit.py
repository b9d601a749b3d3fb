"""Audit: who did what, written with the change itself, held append-only, and chained so that tampering shows.

    action ── write() ──► audit_entry + audit_unsealed ── commit ──► Sealer (every second) ──► audit_seal

Why sealing is a step of its own: numbers are given before commit, so their order is not the order of commits, and a
lock on the head of the chain inside every transaction would let only one commit at a time. A chain alone cannot show
that it was rewritten as a whole or rolled back; a signed checkpoint kept outside the database does (audit_chain).
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.audit_chain import ENTRY_COLUMNS, GENESIS, link
from servicekit.db import Database, fetch
from servicekit.identity import Actor
from servicekit.lifecycle import SYSTEM
from servicekit.waiting import pause
from servicekit.writes import Write, write_together

__all__ = ["Entry", "Sealer", "entry_write", "house", "write", "write_all"]

SEAL_SECONDS = 1.0
BATCH = 1000
_log = structlog.get_logger(__name__)

# The id is made first: who may add an entry may not read one, so nothing can be asked back from the row written.
_ENTRY = (
    ("made", "SELECT CASE WHEN $5::text = 'anonymous' THEN gen_random_uuid() ELSE uuidv7() END AS id"),
    (
        "entry",
        "INSERT INTO audit_entry (id, at, action, subject_type, subject_id, actor_kind, actor_id, reason, details)"
        " SELECT id, $1::timestamptz, $2, $3, $4::uuid, $5::text, $6::uuid, $7, $8::jsonb FROM made",
    ),
    ("unsealed", "INSERT INTO audit_unsealed (entry_id) SELECT id FROM made"),
)


def entry_write(
    *,
    action: str,
    subject_type: str,
    subject_id: UUID,
    actor: Actor | None,
    now: datetime,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> Write:
    """Return one entry as a write.

    `actor` None means nobody signed in (an anonymous person, or the house itself). `reason` is a code and `details`
    hold ids, codes and versions: never free text or personal data, for nothing here can be erased.
    """
    arguments = (
        now,
        action,
        subject_type,
        subject_id,
        actor.kind if actor else "anonymous",
        actor.id if actor else None,
        reason,
        json.dumps(details or {}, ensure_ascii=False, allow_nan=False, default=_plain),
    )
    return Write(_ENTRY, arguments)


def house(service: str) -> Actor:
    """Return the house itself as an actor: time or an event did it, no person."""
    return Actor(kind=SYSTEM, id=uuid5(NAMESPACE_URL, f"urn:nhipcau:{service}"), session_id=UUID(int=0), grants=())


async def write(
    session: AsyncSession,
    *,
    action: str,
    subject_type: str,
    subject_id: UUID,
    actor: Actor | None,
    now: datetime,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one entry into the caller's transaction (one statement); what it holds is said at `entry_write`."""
    entry = entry_write(
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        now=now,
        reason=reason,
        details=details,
    )
    await write_together(session, entry)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done to one of many subjects; what `reason` and `details` hold is said at `entry_write`."""

    action: str
    subject_type: str
    subject_id: UUID
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


_ENTRIES = """
WITH made AS (
  SELECT uuidv7() AS id, given.*
    FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[])
         AS given (action, subject_type, subject_id, reason, details)
), entry AS (
  INSERT INTO audit_entry (id, at, action, subject_type, subject_id, actor_kind, actor_id, reason, details)
  SELECT id, $6::timestamptz, action, subject_type, subject_id, $7::text, $8::uuid, reason, CAST(details AS jsonb)
    FROM made
)
INSERT INTO audit_unsealed (entry_id) SELECT id FROM made"""


async def write_all(session: AsyncSession, entries: Sequence[Entry], *, actor: Actor, now: datetime) -> None:
    """Write many entries of one actor into the caller's transaction, as one statement."""
    if not entries:
        return
    await fetch(
        session,
        _ENTRIES,
        [entry.action for entry in entries],
        [entry.subject_type for entry in entries],
        [entry.subject_id for entry in entries],
        [entry.reason for entry in entries],
        [json.dumps(dict(entry.details), ensure_ascii=False, allow_nan=False, default=_plain) for entry in entries],
        now,
        actor.kind,
        actor.id,
    )


def _plain(value: object) -> str:
    """Write ids and instants as their usual text; anything else does not belong into an entry."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot stand in audit details")


class Sealer:
    """Links committed entries to the chain, one runner per database."""

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service
        self.state = "starting"

    async def run(self, stop: asyncio.Event) -> None:
        """Seal every second until `stop`; survive the loss of PostgreSQL."""
        while not stop.is_set():
            try:
                while await self.seal() == BATCH:
                    pass
                self.state = "up"
            except Exception as error:
                self.state = "down"
                _log.warning("sealer_failed", service=self._service, error=type(error).__name__)
            await pause(stop, SEAL_SECONDS)

    async def seal(self) -> int:
        """Seal up to a batch of entries in one transaction and return how many; 0 if another process is sealing."""
        async with self._database.write() as session:
            if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('nhipcau.sealer'))")):
                return 0
            # Each statement below has a snapshot younger than the lock, so the head read is the last one sealed.
            rows = (await session.execute(_UNSEALED, {"batch": BATCH})).all()
            if not rows:
                return 0
            head = (await session.execute(_HEAD)).one_or_none()
            position, previous = (head.position, head.hash) if head else (0, GENESIS)
            ids, hashes = [row.id for row in rows], [previous]
            for place, row in enumerate(rows, start=position + 1):
                hashes.append(link(hashes[-1], place, row))
            await fetch(session, _SEAL, position, ids, hashes[:-1], hashes[1:])
            await fetch(session, _FORGET, ids)
            return len(rows)


_UNSEALED = text(
    f"SELECT {ENTRY_COLUMNS} FROM audit_unsealed u JOIN audit_entry e ON e.id = u.entry_id"  # noqa: S608
    " ORDER BY e.at, e.id LIMIT :batch"
)
_HEAD = text("SELECT position, hash FROM audit_seal ORDER BY position DESC LIMIT 1")
_SEAL = """
INSERT INTO audit_seal (position, entry_id, previous_hash, hash)
SELECT $1::bigint + place, entry, before, own
  FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS seal (entry, before, own, place)"""
_FORGET = "DELETE FROM audit_unsealed WHERE entry_id = ANY($1::uuid[])"
