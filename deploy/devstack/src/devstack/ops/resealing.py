"""Seals a service's encrypted columns anew with the current key, in small transactions, while the service runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Uuid, func, select, text, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from devstack.databases import Database as Place
from devstack.ops.progress import Progress
from devstack.ops.sealed_columns import CONVENTION, SealedTable, tables_of
from devstack.processes import StackError
from servicekit.encryption import CannotOpen, Keyring
from servicekit.failures import is_transient
from servicekit.key_rotation import rotate
from servicekit.row_scope import house_of

BATCH = 200
"""Rows locked at once: few enough that a request waiting for one of them does not notice."""

TRIES = 10
_KEY_TYPES: dict[str, type[Any]] = {"uuid": Uuid, "bigint": BigInteger}


class Columns:
    """The sealed columns of one service, over connections that may take their time (unlike those of its requests)."""

    def __init__(self, service: str, place: Place) -> None:
        self.service = service
        self.tables = {table: _as_table(table) for table in tables_of(service)}
        self._engine = create_async_engine(
            place.app_url,
            poolclass=NullPool,
            connect_args={
                "server_settings": {
                    "application_name": "ops keys",
                    "statement_timeout": "0",
                    # Of the house, as its own sessions are: for anybody else a table may look empty of an old key.
                    "role": house_of(service).role or "none",
                }
            },
        )
        self._sessions = async_sessionmaker(self._engine)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction whose statements all see the same rows."""
        async with self._sessions() as session, session.begin():
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    async def refuse_unknown(self) -> None:
        """StackError when the database has a sealed column of which we do not know the place."""
        known = {(table.name, column) for table in self.tables for column in table.places}
        statement = text(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type = 'bytea' AND column_name LIKE :convention"
        )
        async with self.write() as session:
            found = {tuple(row) for row in await session.execute(statement, {"convention": CONVENTION})}
        if unknown := sorted(".".join(one) for one in found - known):
            raise StackError(
                f"{self.service}: the sealed columns {', '.join(unknown)} are not in ops/sealed_columns.py; "
                "with the old key removed they could not be read. Nothing was changed."
            )

    async def used_keys(self) -> dict[str, int]:
        """Key id → how many values are sealed with it."""
        counts: dict[str, int] = {}
        async with self.write() as session:
            for table in self.tables:
                for column in table.places:
                    rest = f"substring({column} FROM 4 FOR 40)"
                    key = f"convert_from(substring({rest} FROM 1 FOR position('|'::bytea IN {rest}) - 1), 'UTF8')"
                    rows = await session.execute(
                        text(f"SELECT {key}, count(*) FROM {table.name} WHERE {column} IS NOT NULL GROUP BY 1")
                    )
                    for name, count in rows:
                        counts[name] = counts.get(name, 0) + count
        return counts

    async def reseal(self, table: SealedTable, keyring: Keyring, progress: Progress) -> None:
        """Bring every value of a table under the current key; StackError when one does not open."""
        after: Any = None
        batch, troubles = BATCH, 0
        while True:
            try:
                async with self.write() as session:
                    place = await self._places(session, table, keyring, after, batch)
                    count, after_it = await rotate(
                        session,
                        self.tables[table],
                        list(table.places),
                        keyring=keyring,
                        place=place,
                        after=after,
                        batch=batch,
                    )
            except CannotOpen as broken:
                if batch == 1:
                    raise StackError(
                        f"{self.service}: the first row of {table.name} after {after or 'the beginning'} holds a value "
                        f"that no key of the ring opens ({broken}). Neither it nor anything after it was changed."
                    ) from None
                batch = 1  # to say which row it is
                continue
            except Exception as error:
                troubles += 1
                if troubles == TRIES or not is_transient(error):
                    raise
                continue
            if count == 0:
                return
            after, troubles = after_it, 0
            progress.done += count

    async def _places(
        self, session: AsyncSession, table: SealedTable, keyring: Keyring, after: Any, batch: int
    ) -> Callable[[str, Any], str]:
        """(column, row's key) → the place; reads the column that places name beforehand."""
        if table.besides is None:
            return lambda column, key: table.places[column].format(key=key)
        rows = self.tables[table]
        sealed = [type_coerce(rows.c[column], LargeBinary) for column in table.places]
        statement = select(rows.c[table.key], rows.c[table.besides]).order_by(rows.c[table.key]).limit(batch)
        # One column is enough here: the tables whose places name another column have only one.
        (only,) = sealed
        prefix = keyring.current_prefix
        statement = statement.where(only.is_not(None), func.substring(only, 1, len(prefix)) != prefix)
        if after is not None:
            statement = statement.where(rows.c[table.key] > after)
        named = {row[0]: row[1] for row in await session.execute(statement)}
        return lambda column, key: table.places[column].format(key=key, **{str(table.besides): named[key]})


def _as_table(table: SealedTable) -> Table:
    columns: list[Column[Any]] = [Column(table.key, _KEY_TYPES[table.key_type], primary_key=True)]
    columns += [Column(name, LargeBinary) for name in table.places]
    if table.besides is not None:
        columns.append(Column(table.besides, Uuid))
    return Table(table.name, MetaData(), *columns)
