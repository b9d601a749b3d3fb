"""The read copies in memory, for kinds small enough to be asked on every request."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text

from servicekit.db import Database
from servicekit.waiting import first_of, pause

CHANNEL = "reference"
POLL_SECONDS = 5.0
Facts = Mapping[UUID, Mapping[str, Any]]
_EMPTY: Facts = MappingProxyType({})
_log = structlog.get_logger(__name__)

# Count, sum of versions and newest change move with every insert, update and delete of a fact.
_MARKS = text(
    "SELECT kind, count(*) AS number, sum(version) AS versions, max(changed_at) AS changed FROM reference"
    " WHERE kind = ANY(CAST(:kinds AS text[])) GROUP BY kind"
)
_FACTS = text("SELECT id, data FROM reference WHERE kind = :kind ORDER BY id")
_KNOWN = text("SELECT count(*) FROM reference_source WHERE kind = ANY(CAST(:kinds AS text[]))")


class ReferenceBook:
    """All facts of some kinds, replaced as a whole when one changes; never half of the old and half of the new."""

    def __init__(self, database: Database, kinds: Iterable[str]) -> None:
        self._database = database
        self._kinds = tuple(kinds)
        self._facts: dict[str, Facts] = {}
        self._marks: dict[str, tuple[Any, ...]] = {}
        self._complete = not self._kinds
        self.revision = 0
        """Goes up whenever a kind was replaced; lets callers keep what they derived from the facts."""

    @property
    def ready(self) -> bool:
        """Say whether every kind has been copied completely once."""
        return self._complete

    def get(self, kind: str, fact_id: UUID) -> Mapping[str, Any] | None:
        """Return the data of one fact, or None."""
        return self._facts.get(kind, _EMPTY).get(fact_id)

    def all(self, kind: str) -> Facts:
        """Return id → data of every fact of a kind."""
        return self._facts.get(kind, _EMPTY)

    async def refresh(self) -> bool:
        """Read the kinds that changed since the last look and return whether any did."""
        if not self._kinds:
            return False
        async with self._database.read() as session:
            wanted = {"kinds": list(self._kinds)}
            # Asked first: what is known to be complete now is in everything read after it.
            complete = self._complete or await session.scalar(_KNOWN, wanted) == len(self._kinds)
            marks: dict[str, tuple[Any, ...]] = {
                row[0]: tuple(row[1:]) for row in await session.execute(_MARKS, wanted)
            }
            changed = [kind for kind in self._kinds if marks.get(kind) != self._marks.get(kind)]
            fresh: dict[str, Facts] = {}
            for kind in changed:
                rows = await session.execute(_FACTS, {"kind": kind})
                fresh[kind] = MappingProxyType({UUID(bytes=row.id.bytes): MappingProxyType(row.data) for row in rows})
        self._facts |= fresh
        self._marks = marks
        self._complete = complete
        self.revision += bool(changed)
        return bool(changed)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the table until `stop`: at once by LISTEN, every five seconds in any case."""
        if not self._kinds:
            return
        changed = asyncio.Event()
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        while not stop.is_set():
            changed.clear()
            try:
                if connection is None or connection.is_closed():
                    connection = await self._database.connect_raw()
                    await connection.add_listener(CHANNEL, lambda *_: changed.set())
                    connection.add_termination_listener(lambda *_: changed.set())
                await self.refresh()
            except Exception as error:
                _log.warning("reference_book_waits", error=type(error).__name__)
                await pause(stop, 1)
                continue
            await first_of(changed, stop, seconds=POLL_SECONDS if self._complete else 0.5)
        if connection is not None:
            connection.terminate()
