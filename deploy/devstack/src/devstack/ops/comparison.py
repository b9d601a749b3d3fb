"""Compares what one service told (its outbox) with what another has taken in (its inbox), inside the reader's database.

The source's outbox is copied into a temporary table there, so both sides can be of any size. Where it looks as if the
reader knew more, the source is asked again afterwards: both go on working meanwhile.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from servicekit.events import source_of
from servicekit.inbox import Consumer

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

SETTLE = timedelta(seconds=5)
"""Events younger than this are on their way and nobody's loss."""

# `ready`: told long enough ago, and so is everything before it (anonymous senders' events are held back for a while).
_TOLD = "SELECT position, id, type, subject, sequence, time, visible_at <= now() - $1::interval AS ready FROM outbox"
_PREPARE = """
CREATE TEMP TABLE IF NOT EXISTS told
 (position bigint, id uuid, type text, subject uuid, sequence int, time timestamptz, ready boolean);
CREATE INDEX IF NOT EXISTS told_subject ON told (subject, sequence);
TRUNCATE told"""
_HOLD_BACK = """
UPDATE told t SET ready = false FROM told e
 WHERE e.subject = t.subject AND e.sequence < t.sequence AND t.ready AND NOT e.ready;
ANALYZE told"""
_LINES = """
SELECT t.subject, COALESCE(p.sequence, 0) AS has, min(t.sequence) AS next, bool_or(t.type = ANY($3)) AS handled
  FROM told t LEFT JOIN inbox_progress p ON p.consumer = $1 AND p.source = $2 AND p.subject = t.subject
 WHERE t.ready AND t.sequence > COALESCE(p.sequence, 0) GROUP BY t.subject, p.sequence"""
_MISSED = """
SELECT t.id FROM told t LEFT JOIN inbox_progress p ON p.consumer = $1 AND p.source = $2 AND p.subject = t.subject
 WHERE t.ready AND t.sequence > COALESCE(p.sequence, 0) AND t.subject <> ALL($3::uuid[]) ORDER BY t.position"""
_ASIDE = """
SELECT subject, min(sequence) AS sequence FROM dead_letter
 WHERE consumer = $1 AND source = $2 AND reason IN ('poison', 'invalid') GROUP BY subject"""
_AHEAD = """
SELECT p.subject, p.sequence, t.sequence AS told FROM inbox_progress p
  JOIN (SELECT subject, max(sequence) AS sequence FROM told GROUP BY subject) t USING (subject)
 WHERE p.consumer = $1 AND p.source = $2 AND p.sequence > t.sequence"""
# The inbox keeps 30 days, so an event told within 14 that it does not know was never applied here.
_OTHER = """
SELECT t.subject, t.sequence, t.id AS event FROM told t
  JOIN inbox_progress p ON p.consumer = $1 AND p.source = $2 AND p.subject = t.subject
 WHERE t.sequence <= p.sequence AND t.time > now() - interval '14 days' AND t.type <> ALL($3::text[])
   AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.consumer = $1 AND i.event_id = t.id)"""
_NOT_TOLD = """
SELECT p.subject FROM inbox_progress p WHERE p.consumer = $1 AND p.source = $2 AND p.sequence > 0
   AND NOT EXISTS (SELECT 1 FROM told t WHERE t.subject = p.subject)"""
_KEYS = """
SELECT quote_ident(c.relname) AS table, quote_ident(a.attname) AS key
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE i.indisprimary AND i.indnkeyatts = 1 AND a.attnum = i.indkey[0] AND a.atttypid = 'uuid'::regtype
   AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"""
# An aggregate that was erased on purpose left its audit.
_TRACELESS = """
SELECT k.subject FROM known_outside k WHERE NOT EXISTS (SELECT 1 FROM audit_entry a WHERE a.subject_id = k.subject)
   AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = k.subject) ORDER BY k.subject"""


@dataclass(frozen=True)
class Gap:
    """An aggregate whose next version the reader cannot get: it has `has`, the outbox goes on with `next`."""

    subject: UUID
    has: int
    next: int


@dataclass(frozen=True)
class Other:
    """An event of the outbox whose version the reader has taken from another event."""

    subject: UUID
    sequence: int
    event: UUID


@dataclass
class Difference:
    """What one reader lacks of one source, and what it knows that the source does not."""

    told: int = 0
    missed: list[UUID] = field(default_factory=list)
    """Events to apply, in the order in which they were told."""
    gaps: list[Gap] = field(default_factory=list)
    """Aggregates whose next event is neither in the outbox nor put aside."""
    aside: list[UUID] = field(default_factory=list)
    """Aggregates of which an event is put aside for a person."""
    ahead: list[tuple[UUID, int, int]] = field(default_factory=list)
    """Aggregates of which the reader has later versions than the source: (subject, reader's, source's)."""
    unknown: list[UUID] = field(default_factory=list)
    """Aggregates the reader knows and the source has no trace of."""
    other: list[Other] = field(default_factory=list)
    """Where the reader applied another event than the source tells now."""

    @property
    def beyond_repair(self) -> int:
        """How many things no replay puts right."""
        return len(self.gaps) + len(self.aside) + len(self.ahead) + len(self.unknown) + len(self.other)


async def compare(
    source: "Connection",
    reader: "Connection",
    *,
    name: str,
    consumer: Consumer,
    copied: Sequence[str],
    settle: timedelta = SETTLE,
) -> Difference:
    """Compare the outbox of service `name` with one of its readers; `copied` are event types it takes by snapshot too.

    Both connections are of the services' app roles and without a time limit.
    """
    await reader.execute(_PREPARE)
    with tempfile.TemporaryFile() as file:
        await source.copy_from_query(_TOLD, settle, output=file, format="binary")
        file.seek(0)
        await reader.copy_to_table("told", source=file, format="binary")
    await reader.execute(_HOLD_BACK)
    key = (consumer.name, source_of(name))
    found = Difference(told=await reader.fetchval("SELECT count(*) FROM told"))
    aside = {row["subject"]: row["sequence"] for row in await reader.fetch(_ASIDE, *key)}
    found.aside = sorted(aside)
    passed: list[UUID] = []
    for row in await reader.fetch(_LINES, *key, list(consumer.handlers)):
        if aside.get(row["subject"]) == row["has"] + 1:
            passed.append(row["subject"])  # waits for `dlq retry`
        elif row["next"] > row["has"] + 1:
            passed.append(row["subject"])
            if row["handled"]:
                found.gaps.append(Gap(row["subject"], row["has"], row["next"]))
    found.missed = [row["id"] for row in await reader.fetch(_MISSED, *key, passed)]
    found.other = [Other(**row) for row in await reader.fetch(_OTHER, *key, list(copied))]
    found.ahead = await _still_ahead(source, await reader.fetch(_AHEAD, *key))
    found.unknown = await _traceless(source, reader, key)
    return found


async def _still_ahead(source: "Connection", rows: Sequence[Any]) -> list[tuple[UUID, int, int]]:
    """Ask the source again: what was told since the copy is no difference."""
    statement = "SELECT subject, max(sequence) AS sequence FROM outbox WHERE subject = ANY($1::uuid[]) GROUP BY subject"
    now = {row["subject"]: row["sequence"] for row in await source.fetch(statement, [row["subject"] for row in rows])}
    seen = [(row["subject"], row["sequence"], now.get(row["subject"], row["told"])) for row in rows]
    return [(subject, has, told) for subject, has, told in seen if has > told]


async def _traceless(source: "Connection", reader: "Connection", key: tuple[str, str]) -> list[UUID]:
    """Aggregates the reader knows and of which the source has no event (those go after 14 days), row or audit."""
    await source.execute("CREATE TEMP TABLE IF NOT EXISTS known_outside (subject uuid); TRUNCATE known_outside")
    with tempfile.TemporaryFile() as file:
        await reader.copy_from_query(_NOT_TOLD, *key, output=file, format="binary")
        file.seek(0)
        await source.copy_to_table("known_outside", source=file, format="binary")
    for row in await source.fetch(_KEYS):  # both names come quoted
        await source.execute(f"DELETE FROM known_outside k USING {row['table']} t WHERE t.{row['key']} = k.subject")
    return [row["subject"] for row in await source.fetch(_TRACELESS)]
