"""Being the only one: session advisory locks on one connection of their own, for everything a process runs alone.

A lease lives as long as the connection. When PostgreSQL restarts all leases are gone at once, and whoever asks first
has them next; a job therefore asks before every run.
"""

import asyncio

import asyncpg

from servicekit.db import Database


class Leases:
    """The leases of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._held: set[str] = set()
        self._lock = asyncio.Lock()

    async def take(self, name: str) -> bool:
        """Return whether this process holds the lease now; raise when the database is away."""
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                self._held.clear()
                self._connection = await self._database.connect_raw()
            try:
                if name in self._held:
                    await self._connection.fetchval("SELECT 1", timeout=5)
                    return True
                taken = await self._connection.fetchval(
                    "SELECT pg_try_advisory_lock(hashtext('nhipcau.lease'), hashtext($1))", name, timeout=5
                )
            except BaseException:
                self._connection.terminate()
                self._connection = None
                raise
            if taken:
                self._held.add(name)
            return bool(taken)

    async def close(self) -> None:
        """Give every lease back."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
            self._held.clear()
