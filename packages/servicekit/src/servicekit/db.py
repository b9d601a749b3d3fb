"""PostgreSQL: one write transaction a request, committed before the answer leaves.

`WriteSession`, `ReadSession` and `FactSession` are the only session dependencies. All carry `scope="function"`:
FastAPI would otherwise run the commit after the response has been sent, and a failed commit would follow a 201
(docs/decisions).

Every transaction begins by saying for whom it runs (servicekit.row_scope), in the same round trip as its BEGIN.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import MetaData, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import await_only, greenlet_spawn

from servicekit.row_scope import Scope, house_of, scope_of_request
from servicekit.tables import NAMING


class TableBase(DeclarativeBase):
    """Parent of a service's own declarative base; gives constraints their names."""

    __abstract__ = True


def new_metadata() -> MetaData:
    """Return metadata with the house's constraint names; one per service."""
    return MetaData(naming_convention=NAMING)


class _ScopedSession(Session):
    """A session whose transaction runs for somebody: `info["scope"]` is asked for its settings when it begins."""


class Database:
    """The pools of one process: a writing one, and a reading one that PostgreSQL itself holds to reading.

    Sessions opened here run for the house, which sees every row; those of requests are opened by the dependencies
    below, for whoever is asking. What was opened for nobody sees no row of a protected table.
    """

    def __init__(self, url: str, *, pool: int = 8, application: str = "nhipcau") -> None:
        self._url = make_url(url)
        self.house = house_of(self._url.username or "")
        self.write_engine = self._engine(pool, application, {})
        self.read_engine = self._engine(pool, f"{application}-read", {"default_transaction_read_only": "on"})
        kept: dict[str, Any] = {"expire_on_commit": False, "autoflush": False}
        self._writers = async_sessionmaker(self.write_engine, sync_session_class=_ScopedSession, **kept)
        self._readers = async_sessionmaker(self.read_engine, sync_session_class=_ScopedSession, **kept)
        single_statements = self.read_engine.execution_options(isolation_level="AUTOCOMMIT")
        self._fact_readers = async_sessionmaker(single_statements, **kept)

    def _engine(self, pool: int, application: str, server: dict[str, str]) -> AsyncEngine:
        engine = create_async_engine(
            self._url.set(drivername="postgresql+asyncpg"),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=4,
            connect_args={
                "timeout": 4,
                "command_timeout": 8,
                "server_settings": {"application_name": application, "jit": "off", **server},
            },
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return engine

    @asynccontextmanager
    async def write(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """Open one transaction, of the house unless a scope is given; commit at the end, roll back on any exception."""
        async with self._writers(info={"scope": scope or self.house}) as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """Open a reading session, of the house unless a scope is given; each statement sees what is committed then."""
        async with self._readers(info={"scope": scope or self.house}) as session:
            yield session

    @asynccontextmanager
    async def read_facts(self) -> AsyncIterator[AsyncSession]:
        """Open a reading session without a transaction, for nobody: it sees facts that are public, and no other row."""
        async with self._fact_readers() as session:
            yield session

    async def fetch(self, statement: str, *arguments: Any, writing: bool = False) -> "list[asyncpg.Record]":
        """Run one fixed statement that needs neither session nor transaction around it; see `fetch` below for why.

        On the reading pool, or with `writing` on the other one, where it is a transaction of its own. It runs for
        nobody: it may add what anybody may add, and sees what anybody may see.
        """
        engine = self.write_engine if writing else self.read_engine
        try:
            pooled = await engine.raw_connection()
        except engine.dialect.loaded_dbapi.Error as error:
            raise asyncpg.InterfaceError("no connection") from error
        try:
            return await _run(engine.sync_engine, pooled, statement, arguments)
        finally:
            await greenlet_spawn(pooled.close)

    async def connect_raw(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Open a connection of the house outside the pools, for locks and LISTEN that outlive a request."""
        dsn = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        settings = {"statement_timeout": "0", "role": self.house.role or "none"}
        return await asyncpg.connect(dsn, timeout=4, server_settings=settings)

    async def close(self) -> None:
        """Close both pools."""
        await self.write_engine.dispose()
        await self.read_engine.dispose()


def _refuse_closed(adapted: Any, *_: Any) -> None:
    """Let the pool open another connection in place of one that the server closed while nobody used it.

    The same for one that is still in somebody's transaction, which must not happen: it would see with other eyes.
    """
    if adapted.driver_connection.is_closed() or adapted.driver_connection.is_in_transaction():
        raise DisconnectionError


class _Begun:
    """A transaction begun with its scope, as SQLAlchemy's adapter of the driver ends it."""

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver

    async def commit(self) -> None:
        await self._driver.execute("COMMIT")

    async def rollback(self) -> None:
        await self._driver.execute("ROLLBACK")


@event.listens_for(_ScopedSession, "after_begin")
def _begin_for(session: Session, _: SessionTransaction, connection: Connection) -> None:
    """Begin the driver's transaction before SQLAlchemy does, with the scope in the same round trip."""
    adapted: Any = connection.connection.dbapi_connection
    scope: Scope = session.info["scope"]
    level = (adapted.isolation_level or "read_committed").replace("_", " ")
    try:
        await_only(adapted.driver_connection.execute(f"BEGIN ISOLATION LEVEL {level}; {scope.settings()}"))
    except BaseException:
        # Nobody knows how far it came, so nobody gets the connection.
        connection.invalidate()
        raise
    adapted._transaction = _Begun(adapted.driver_connection)


_REACHED = "connection"


async def fetch(
    session: AsyncSession, statement: str, *arguments: Any, seconds: float | None = None
) -> "list[asyncpg.Record]":
    """Run one fixed statement of a hot path in the session's own transaction, straight on the driver.

    Costs about 40 µs of processor time where `session.execute` costs 150 to 350 (measured), and every change of state
    has several. Arguments are $1, $2 …, already in the column's type; JSON goes in as text and comes out read.
    `seconds` is for what may take longer than any usual statement; PostgreSQL's own limit is then raised apart.
    Raises asyncpg's own errors.
    """
    connection, pooled = session.info.get(_REACHED) or await _reach_connection(session)
    return await _run(connection, pooled, statement, arguments, seconds)


async def copy_in(
    session: AsyncSession,
    table: str,
    columns: Sequence[str],
    records: AsyncIterable[Sequence[Any]],
    *,
    seconds: float | None = None,
) -> None:
    """Fill a table by COPY in the session's own transaction; it may not be one with row-level security.

    Raises asyncpg's own errors, and what reading the records raises.
    """
    connection, pooled = session.info.get(_REACHED) or await _reach_connection(session)
    target: Any = connection
    target.dispatch.before_cursor_execute(None, None, f"COPY {table}", (), None, False)
    driver: Any = pooled.driver_connection
    with_all = driver.copy_records_to_table(table, records=records, columns=list(columns), timeout=seconds)
    await _on_driver(pooled, with_all)


async def _run(
    target: Any,
    pooled: PoolProxiedConnection,
    statement: str,
    arguments: tuple[Any, ...],
    seconds: float | None = None,
) -> "list[asyncpg.Record]":
    # Who listens to SQLAlchemy's statements (the tests that count them) sees these too.
    target.dispatch.before_cursor_execute(None, None, statement, arguments, None, False)
    driver: Any = pooled.driver_connection
    rows: list[asyncpg.Record] = await _on_driver(pooled, driver.fetch(statement, *arguments, timeout=seconds))
    return rows


async def _on_driver(pooled: PoolProxiedConnection, work: Awaitable[Any]) -> Any:
    try:
        return await work
    except asyncpg.PostgresError:
        raise
    except BaseException:
        # Cancelled, timed out or cut off: nobody knows what the connection is in the middle of, so nobody gets it.
        await greenlet_spawn(pooled.invalidate)
        raise


async def _reach_connection(session: AsyncSession) -> tuple[Connection, PoolProxiedConnection]:
    connection = await session.connection()
    pooled = await connection.get_raw_connection()
    assert connection.sync_connection is not None
    reached = session.info[_REACHED] = connection.sync_connection, pooled
    return reached


async def _write_session(request: Request) -> AsyncIterator[AsyncSession]:
    runtime = request.app.state.runtime
    async with runtime.database.write(scope_of_request(request)) as session:
        request.state.write_session = session
        yield session
    runtime.waker.wake()


async def _read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.runtime.database.read(scope_of_request(request)) as session:
        yield session


async def _fact_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.runtime.database.read_facts() as session:
        yield session


WriteSession = Annotated[AsyncSession, Depends(_write_session, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(_read_session, scope="function")]
FactSession = Annotated[AsyncSession, Depends(_fact_session, scope="function")]
"""For routes that read public facts only: no transaction, so a round trip each for BEGIN and ROLLBACK less."""
