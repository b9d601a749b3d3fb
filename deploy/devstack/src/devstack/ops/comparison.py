"""Compares what one service told (its outbox) with what another has taken in (its inbox), inside the reader's database.

The source's outbox is copied into a temporary table there, so both sides can be any size. Whatever looks as if the
reader knew more than the source is asked again of the source afterwards, for both go on working meanwhile.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

import asyncpg

from servicekit.events import source_of
from servicekit.inbox import Consumer

Connection = asyncpg.Connection[asyncpg.Record] if hasattr(asyncpg.Connection, "__class_getitem__") else Any

_TOLD = "SELECT position, id, type, subject, sequence, time, visible_at <= now() AS visible FROM outbox"
_PREPARE = """
CREATE TEMP TABLE IF NOT EXISTS told (position bigint, id uuid, type text, subject uuid, sequence int,
                                      time timestamptz, visible boolean);
TRUNCATE told"""
_INDEX = "CREATE INDEX IF NOT EXISTS told_subject ON told (subject, sequence); ANALYZE told"
_LINES = """
SELECT t.subject, COALESCE(max(p.sequence), 0) AS has, min(t.sequence) FILTER (WHERE t.sequence > p.sequence) AS next,
       bool_or(t.type = ANY($3)) AS handled
  FROM (SELECT o.*, NOT EXISTS (SELECT 1 FROM told e WHERE e.subject = o.subject AND e.sequence < o.sequence
                                   AND NOT e.visible) AND o.visible AS ready FROM told o) t
  LEFT JOIN LATERAL (SELECT COALESCE((SELECT sequence FROM inbox_progress WHERE consumer = $1 AND source = $2
                                         AND subject = t.subject), 0) AS sequence) p ON true
 WHERE t.ready AND t.sequence > p.sequence
 GROUP BY t.subject"""
_EVENTS = """
SELECT t.id, t.subject FROM told t
  LEFT JOIN inbox_progress p ON p.consumer = $1 AND p.source = $2 AND p.subject = t.subject
 WHERE t.visible AND t.sequence > COALESCE(p.sequence, 0) AND t.subject <> ALL($3::uuid[])
   AND NOT EXISTS (SELECT 1 FROM told e WHERE e.subject = t.subject AND e.sequence < t.sequence AND NOT e.visible)
 ORDER BY t.position"""
_ASIDE = """
SELECT subject, min(sequence) AS sequence FROM dead_letter
 WHERE consumer = $1 AND source = $2 AND reason IN ('poison', 'invalid') GROUP BY subject"""
_AHEAD = """
SELECT p.subject, p.sequence, t.sequence AS told FROM inbox_progress p
  JOIN (SELECT subject, max(sequence) AS sequence FROM told GROUP BY subject) t USING (subject)
 WHERE p.consumer = $1 AND p.source = $2 AND p.sequence > t.sequence"""
_OTHER = """
SELECT t.subject, t.sequence FROM told t
  JOIN inbox_progress p ON p.consumer = $1 AND p.source = $2 AND p.subject = t.subject
 WHERE t.sequence <= p.sequence AND t.time > now() - interval '14 days' AND t.type <> ALL($3::text[])
   AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.consumer = $1 AND i.event_id = t.id)"""
_NOT_TOLD = """
SELECT p.subject FROM inbox_progress p
 WHERE p.consumer = '{consumer}' AND p.source = '{source}' AND p.sequence > 0
   AND NOT EXISTS (SELECT 1 FROM told t WHERE t.subject = p.subject)"""
_KEYS = """
SELECT quote_ident(c.relname) AS name, quote_ident(a.attname) AS key
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
 WHERE i.indisprimary AND i.indnkeyatts = 1 AND n.nspname = 'public' AND c.relkind = 'r'
   AND a.atttypid = 'uuid'::regtype"""


@dataclass(frozen=True)
class Gap:
    """An aggregate whose next version the reader cannot get: it has `has`, the outbox goes on with `next`."""

    subject: UUID
    has: int
    next: int


@dataclass
class Difference:
    """What one reader lacks of one source, and what it knows that the source does not."""

    told: int = 0
    missed: list[UUID] = field(default_factory=list)
    """Events to apply, in the order in which they were told."""
    gaps: list[Gap] = field(default_factory=list)
    """Their missing predecessor is neither in the outbox nor put aside."""
    aside: list[UUID] = field(default_factory=list)
    """Aggregates of which an event is put aside for a person."""
    ahead: list[tuple[UUID, int, int]] = field(default_factory=list)
    """Aggregates of which the reader has more versions than the source ever told: (subject, reader, source)."""
    unknown: list[UUID] = field(default_factory=list)
    """Aggregates the reader knows and the source has no trace of."""
    other: list[tuple[UUID, int]] = field(default_factory=list)
    """Versions of which the reader applied another event than the source tells now: (subject, version)."""

    @property
    def beyond_repair(self) -> int:
        """How many things no replay can put right."""
        return len(self.gaps) + len(self.ahead) + len(self.unknown) + len(self.other)


async def copy_told(source: Any) -> IO[bytes]:
    """The whole outbox of a service (an asyncpg connection) without its contents, in a temporary file."""
    file = tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024)  # noqa: SIM115 - closed by who asked for it
    await source.copy_from_query(_TOLD, output=file, format="binary")
    return file  # type: ignore[return-value]


async def compare(
    told: IO[bytes], source: Any, reader: Any, *, name: str, consumer: Consumer, copied: Sequence[str]
) -> Difference:
    """Compare the copied outbox of service `name` with one reader; `copied` are event types taken by snapshot too.

    `source` and `reader` are asyncpg connections to the two databases, as their app roles.
    """
    told.seek(0)
    await reader.execute(_PREPARE)
    await reader.copy_to_table("told", source=told, format="binary")
    await reader.execute(_INDEX)
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
    found.missed = [row["id"] for row in await reader.fetch(_EVENTS, *key, passed)]
    found.other = [(row["subject"], row["sequence"]) for row in await reader.fetch(_OTHER, *key, list(copied))]
    found.ahead = await _still_ahead(source, await reader.fetch(_AHEAD, *key))
    found.unknown = await _unknown(source, reader, _NOT_TOLD.format(consumer=key[0], source=key[1]))
    return found


async def _still_ahead(source: Any, rows: Sequence[Any]) -> list[tuple[UUID, int, int]]:
    """Ask the source again: what was told since the copy is no difference."""
    now = {
        row["subject"]: row["sequence"]
        for row in await source.fetch(
            "SELECT subject, max(sequence) AS sequence FROM outbox WHERE subject = ANY($1) GROUP BY subject",
            [row["subject"] for row in rows],
        )
    }
    seen = [(row["subject"], row["sequence"], now.get(row["subject"], row["told"])) for row in rows]
    return [(subject, has, told) for subject, has, told in seen if has > told]


async def _unknown(source: Any, reader: Any, not_told: str) -> list[UUID]:
    """Of the aggregates without an event in the outbox (told long ago), those the source has no row and no audit of."""
    with tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024) as file:
        await reader.copy_from_query(not_told, output=file, format="binary")
        file.seek(0)
        await source.execute("CREATE TEMP TABLE IF NOT EXISTS known_outside (subject uuid); TRUNCATE known_outside")
        await source.copy_to_table("known_outside", source=file, format="binary")
    for table in await source.fetch(_KEYS):
        await source.execute(
            f"DELETE FROM known_outside k USING {table['name']} t WHERE t.{table['key']} = k.subject"  # quoted names
        )
    # An aggregate that was erased on purpose left its audit.
    left = await source.fetch(
        "SELECT subject FROM known_outside k"
        " WHERE NOT EXISTS (SELECT 1 FROM audit_entry a WHERE a.subject_id = k.subject)"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subject = k.subject) ORDER BY subject"
    )
    return [row["subject"] for row in left]
