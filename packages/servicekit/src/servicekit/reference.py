"""Read copies of another service's public facts, filled by its events and rebuildable from its API.

Tables `reference` and `reference_source`; a fact is (kind, id, version, data), and `path` repeats `data["path"]` so
that a subtree can be asked for by index. No domain words here: which kinds exist is the caller's business.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Uuid, any_, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from servicekit.db import Database
from servicekit.events import Event, source_of
from servicekit.inbox import Handler
from servicekit.reference_book import CHANNEL, ReferenceBook
from servicekit.tables import reference as _facts
from servicekit.waiting import pause

__all__ = ["FetchPage", "ReferenceBook", "ensure", "handlers", "rebuild", "reference_consumer", "within"]

OWNER = "registry"
FetchPage = Callable[[str, str | None], Awaitable[tuple[list[dict[str, Any]], str | None]]]
"""(kind, cursor) → (items {"kind","id","version","data"}, next cursor or None)."""
_CHUNK = 1000
_log = structlog.get_logger(__name__)

_UPSERT = text(
    "INSERT INTO reference AS r (kind, id, version, path, data, changed_at)"
    " VALUES (:kind, :id, :version, :path, :data, :now)"
    " ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, path = excluded.path, data = excluded.data,"
    " changed_at = excluded.changed_at WHERE r.version < excluded.version"
).bindparams(bindparam("data", type_=JSONB), bindparam("path", type_=ARRAY(Uuid())))
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")


def reference_consumer(service: str, owner: str = OWNER) -> str:
    """Return the durable name under which a service reads the owner of its reference facts."""
    return f"{service}-{owner}"


def within(
    column: ColumnElement[Any] | InstrumentedAttribute[Any],
    organisations: Collection[UUID] | ColumnElement[Any],
) -> ColumnElement[bool]:
    """Return the condition that the organisation in a column is one of these or stands below one of them.

    `organisations` may be a parameter (array of uuid) of a statement built once. The copies are asked once a
    statement, not once a row, so an index on the column can be used.
    """
    wanted = organisations if isinstance(organisations, ColumnElement) else list(organisations)
    below = select(_facts.c.id).where(_facts.c.kind == "organisation", _facts.c.path.overlap(wanted)).correlate(None)
    return column == any_(func.array(below.scalar_subquery(), type_=ARRAY(Uuid())))


def handlers(
    kinds: Iterable[str], owner: str = OWNER, *, then: Mapping[str, Handler] = MappingProxyType({})
) -> Mapping[str, Handler]:
    """Return the handlers that keep the copies of these kinds, for the consumer of the owner's stream.

    `then` is what else the event of a kind does, in the same transaction.
    """
    return {f"{owner}.{kind}.changed.v1": _keeper(kind, then.get(kind)) for kind in kinds}


def _keeper(kind: str, then: Handler | None) -> Handler:
    async def keep(session: AsyncSession, event: Event, now: datetime) -> None:
        await session.execute(_UPSERT, _row(kind, event.subject, event.sequence, event.data, now))
        await session.execute(_NOTIFY)
        if then is not None:
            await then(session, event, now)

    return keep


def _row(kind: str, fact_id: UUID, version: int, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    path = [UUID(step) for step in data.get("path") or ()]
    return {"kind": kind, "id": fact_id, "version": version, "path": path, "data": data, "now": now}


async def rebuild(
    database: Database,
    fetch_page: FetchPage,
    kinds: Iterable[str],
    now: datetime,
    *,
    consumer: str,
    owner: str = OWNER,
) -> int:
    """Copy every fact of these kinds from its owner and return how many; each kind is one transaction.

    Versions only go up, so events arriving meanwhile win. `consumer` (the durable name reading the owner's stream)
    continues after the versions copied. A fact the owner no longer tells of is deleted, unless it is newer than `now`.
    """
    total = 0
    for kind in kinds:
        facts: dict[UUID, dict[str, Any]] = {}
        cursor: str | None = None
        while True:
            items, cursor = await fetch_page(kind, cursor)
            for item in items:
                fact_id = UUID(item["id"])
                facts[fact_id] = _row(kind, fact_id, int(item["version"]), item["data"], now)
            if cursor is None:
                break
        rows = list(facts.values())
        async with database.write() as session:
            for chunk in (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)):
                await session.execute(_UPSERT, chunk)
            await _continue_from(session, consumer, source_of(owner), rows)
            await session.execute(
                text(
                    "DELETE FROM reference WHERE kind = :kind AND changed_at < :now AND id <> ALL(CAST(:ids AS uuid[]))"
                ),
                {"kind": kind, "now": now, "ids": list(facts)},
            )
            await session.execute(
                text(
                    "INSERT INTO reference_source (kind, complete_at) VALUES (:kind, :now)"
                    " ON CONFLICT (kind) DO UPDATE SET complete_at = excluded.complete_at"
                ),
                {"kind": kind, "now": now},
            )
            await session.execute(_NOTIFY)
        total += len(rows)
    return total


async def _continue_from(session: AsyncSession, consumer: str, source: str, rows: list[dict[str, Any]]) -> None:
    """Let the inbox go on after the copied versions: their events may be gone from every stream by now."""
    await session.execute(
        text(
            "INSERT INTO inbox_progress AS p (consumer, source, subject, sequence)"
            " SELECT :consumer, :source, * FROM unnest(CAST(:subjects AS uuid[]), CAST(:sequences AS int[]))"
            " ON CONFLICT (consumer, source, subject) DO UPDATE SET sequence = excluded.sequence"
            " WHERE p.sequence < excluded.sequence"
        ),
        {
            "consumer": consumer,
            "source": source,
            "subjects": [row["id"] for row in rows],
            "sequences": [row["version"] for row in rows],
        },
    )


async def missing(database: Database, kinds: Collection[str]) -> list[str]:
    """Return the kinds that were never copied completely."""
    async with database.read() as session:
        known = set((await session.scalars(text("SELECT kind FROM reference_source"))).all())
    return [kind for kind in kinds if kind not in known]


async def ensure(
    database: Database,
    fetch_page: FetchPage,
    kinds: Collection[str],
    now: Callable[[], datetime],
    stop: asyncio.Event,
    *,
    consumer: str,
    owner: str = OWNER,
) -> None:
    """Copy the kinds that were never copied, asking until their owner answers or `stop` is set."""
    wait = 0.5
    while not stop.is_set():
        try:
            wanted = await missing(database, kinds)
            if wanted:
                rows = await rebuild(database, fetch_page, wanted, now(), consumer=consumer, owner=owner)
                _log.info("reference_copied", kinds=wanted, rows=rows)
            return
        except Exception as error:
            _log.warning("reference_owner_silent", error=type(error).__name__, retry_seconds=wait)
            await pause(stop, wait)
            wait = min(wait * 2, 15.0)
