"""Real engines for the tests of the mechanisms: a PostgreSQL and a NATS once a session, a fresh database a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import asyncpg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from devstack.databases import Database as MadeDatabase
from devstack.engines import Engines
from servicekit.db import Database
from servicekit.events import Event
from servicekit.inbox import Consumer
from servicekit.migrations import create_mechanisms
from servicekit.nats_bus import Bus
from servicekit.outbox import EventDraft, record
from servicekit.tables import metadata

TYPE = "feedback.thing.changed.v1"
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
    """An emptied migrated database with the app role's pools on it (emptying takes a tenth of making one anew)."""
    urls = engines.databases[f"{service}_migrated"]
    admin = await asyncpg.connect(urls.admin_dsn)
    found = {
        row["tablename"] for row in await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    }
    own = {*metadata.tables, "thing", "effect"}
    emptying = [f"DELETE FROM {name}" for name in found & own] + [f"DROP TABLE {name} CASCADE" for name in found - own]
    await admin.execute("; ".join(["SET session_replication_role = replica", *emptying]))
    await admin.close()
    database = Database(urls.app_url, pool=8, application=service)
    try:
        yield urls, database
    finally:
        await database.close()


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


class World:
    """A pretended pair of services: things change here, effects happen there; and the checkers of both."""

    background = staticmethod(background)
    until = staticmethod(until)
    connected = staticmethod(connected)
    type = TYPE
    stream = STREAM

    def __init__(self, publisher: Database, consumer: Database) -> None:
        self.publisher = publisher
        self.consumer_database = consumer
        self.consumer = Consumer("oversight-feedback", STREAM, {TYPE: self.apply})

    async def change(self, subject: UUID, *, fail: bool = False, visible_at: datetime | None = None) -> UUID:
        """Change a thing and record its event in one transaction; `fail` rolls it back."""
        now = datetime.now(UTC)
        async with self.publisher.write() as session:
            version = await self.bump(session, subject)
            draft = EventDraft(type=TYPE, subject=subject, sequence=version, data={"version": version})
            event_id = await record(session, event=draft, now=now, visible_at=visible_at)
            if fail:
                raise ZeroDivisionError
        return event_id

    @staticmethod
    async def bump(session: AsyncSession, subject: UUID) -> int:
        """Write the next version of a thing."""
        statement = text(
            "INSERT INTO thing AS t VALUES (:id, 1) ON CONFLICT (id) DO UPDATE SET version = t.version + 1"
            " RETURNING version"
        )
        version: int = (await session.execute(statement, {"id": subject})).scalar_one()
        return version

    @staticmethod
    async def apply(session: AsyncSession, event: Event, now: datetime) -> None:
        """The effect: one line."""
        await session.execute(
            text("INSERT INTO effect (subject, sequence, event_id) VALUES (:s, :n, :e)"),
            {"s": event.subject, "n": event.sequence, "e": event.id},
        )

    async def versions(self) -> dict[UUID, int]:
        """What really happened: thing → version."""
        async with self.publisher.read() as session:
            return {row.id: row.version for row in await session.execute(text("SELECT id, version FROM thing"))}

    async def effects(self) -> dict[UUID, list[int]]:
        """What was made of it: thing → versions in the order of their effects."""
        found: dict[UUID, list[int]] = {}
        async with self.consumer_database.read() as session:
            for row in await session.execute(text("SELECT subject, sequence FROM effect ORDER BY line")):
                found.setdefault(row.subject, []).append(row.sequence)
        return found

    async def outbox_violations(self) -> list[str]:
        """I3: one event per change, versions from 1 without gaps, none for what did not happen."""
        events: dict[UUID, list[int]] = {}
        async with self.publisher.read() as session:
            for row in await session.execute(text("SELECT subject, sequence FROM outbox ORDER BY sequence")):
                events.setdefault(row.subject, []).append(row.sequence)
        return _differences("events", events, await self.versions())

    async def effect_violations(self) -> list[str]:
        """I4: every change has its effect, once, in order."""
        return _differences("effects", await self.effects(), await self.versions())

    async def settled(self) -> bool:
        """Whether there are as many effects as changes."""
        return sum(map(len, (await self.effects()).values())) >= sum((await self.versions()).values())

    async def unpublished(self) -> int:
        """How many outbox rows still wait."""
        async with self.publisher.read() as session:
            found: int = await session.scalar(text("SELECT count(*) FROM outbox WHERE published_at IS NULL")) or 0
        return found

    async def letters(self) -> dict[str, int]:
        """Dead letters of the consumer by reason."""
        async with self.consumer_database.read() as session:
            rows = await session.execute(text("SELECT reason, count(*) AS n FROM dead_letter GROUP BY 1"))
            return {row.reason: row.n for row in rows}


def _differences(what: str, found: dict[UUID, list[int]], truth: dict[UUID, int]) -> list[str]:
    return [
        f"{what} of {subject}: {found.get(subject, [])} but version {truth.get(subject, 0)}"
        for subject in found.keys() | truth.keys()
        if found.get(subject, []) != list(range(1, truth.get(subject, 0) + 1))
    ]


@pytest.fixture
async def world(publisher: Database, consumer_database: Database) -> World:
    """Two fresh databases and what may be asked of them."""
    return World(publisher, consumer_database)
