"""Real engines for the tests of the mechanisms: a PostgreSQL and a NATS once a session, a fresh database a test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from devstack.databases import Database as MadeDatabase
from devstack.engines import Engines
from servicekit.db import Database
from servicekit.migrations import create_mechanisms
from servicekit.nats_bus import Bus

PUBLISHER, CONSUMER = "feedback", "oversight"
STREAM = "FEEDBACK"


def _make_tables(connection: Connection, service: str) -> None:
    operations = Operations(MigrationContext.configure(connection))
    create_mechanisms(operations, service)
    # What a service would own: one row an aggregate, and one line an effect, so that doubles show.
    operations.execute("CREATE TABLE thing (id uuid PRIMARY KEY, version int NOT NULL)")
    operations.execute(
        "CREATE TABLE effect (line bigint GENERATED ALWAYS AS IDENTITY, subject uuid, sequence int, event_id uuid)"
    )


async def migrate(made: MadeDatabase, service: str) -> None:
    """Give a database the tables of the mechanisms and two of a pretended service, as its owner."""
    engine = create_async_engine(made.owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_make_tables, service)
    await engine.dispose()


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    running = Engines().start_now()
    try:
        for service in (PUBLISHER, CONSUMER):
            made = asyncio.run(running.create_database(f"{service}_migrated", service=service))
            asyncio.run(migrate(made, service))
        yield running
    finally:
        running.stop_now()


@asynccontextmanager
async def fresh_database(engines: Engines, service: str) -> AsyncIterator[tuple[MadeDatabase, Database]]:
    """A migrated database of its own with the app role's pools on it."""
    name = f"{service}_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service=service, template=f"{service}_migrated")
    database = Database(made.app_url, pool=8, application=service)
    try:
        yield made, database
    finally:
        await database.close()
        await engines.drop_database(name)


@pytest.fixture
async def made(engines: Engines) -> AsyncIterator[SimpleNamespace]:
    """The publisher's database: `.urls` of its roles and `.database`, the app's pools."""
    async with fresh_database(engines, PUBLISHER) as (urls, database):
        yield SimpleNamespace(urls=urls, database=database)


@pytest.fixture
def publisher(made: SimpleNamespace) -> Database:
    """The database in which changes happen."""
    database: Database = made.database
    return database


@pytest.fixture
async def consumer_database(engines: Engines) -> AsyncIterator[Database]:
    """The database in which effects happen."""
    async with fresh_database(engines, CONSUMER) as (_, database):
        yield database


@pytest.fixture
async def streams(engines: Engines) -> None:
    """Empty streams."""
    await engines.purge_streams()


@pytest.fixture
async def bus(engines: Engines, streams: None) -> AsyncIterator[Bus]:
    """The publisher's courier, connected."""
    async with connected(engines.nats_url(PUBLISHER), PUBLISHER) as made:
        yield made


@pytest.fixture
async def consumer_bus(engines: Engines, streams: None) -> AsyncIterator[Bus]:
    """The consumer's courier, connected."""
    async with connected(engines.nats_url(CONSUMER), CONSUMER) as made:
        yield made


@asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[Bus]:
    """A courier that is up."""
    courier = Bus(url, name)
    await courier.connect()
    assert await courier.wait_up(10)
    try:
        yield courier
    finally:
        await courier.close()


@asynccontextmanager
async def background(*runs: Callable[[asyncio.Event], object]) -> AsyncIterator[asyncio.Event]:
    """Run loops that take a stop event; stop them at the end and raise what they raised."""
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(run(stop)) for run in runs]  # type: ignore[arg-type]
    try:
        yield stop
    finally:
        stop.set()
        done, pending = await asyncio.wait(tasks, timeout=20)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition (a plain or an async callable) with a generous limit."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)
