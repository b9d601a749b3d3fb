"""Statements straight on the driver: in the session's transaction, on their own, and when they are torn off."""

import asyncio
import uuid

import asyncpg
import pytest
from sqlalchemy import text

from servicekit.db import Database, fetch
from servicekit.writes import Write, _joined, write_together

COUNT = "SELECT count(*) FROM thing"
INSERT = "INSERT INTO thing (id, version) VALUES ($1, $2)"


@pytest.fixture
def database(publisher: Database) -> Database:
    return publisher


async def count(database: Database) -> int:
    (row,) = await database.fetch(COUNT)
    return int(row[0])


async def test_the_first_statement_of_a_session_begins_its_transaction(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            await fetch(session, INSERT, uuid.uuid4(), 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(database) == 0


async def test_both_ways_share_one_transaction(database: Database) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    async with database.write() as session:
        await session.execute(text("INSERT INTO thing VALUES (:id, 1)"), {"id": first})
        await fetch(session, INSERT, second, 1)
        assert await session.scalar(text(COUNT)) == 2
        assert await count(database) == 0
    assert await count(database) == 2


async def test_the_reading_pool_reads_only(database: Database) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await database.fetch(INSERT, uuid.uuid4(), 1)
    await database.fetch(INSERT, uuid.uuid4(), 1, writing=True)
    assert await count(database) == 1


async def test_a_refused_statement_leaves_the_pool_in_order(database: Database) -> None:
    thing = uuid.uuid4()
    await database.fetch(INSERT, thing, 1, writing=True)
    for _ in range(20):
        with pytest.raises(asyncpg.UniqueViolationError):
            await database.fetch(INSERT, thing, 1, writing=True)
        with pytest.raises(asyncpg.UniqueViolationError):
            async with database.write() as session:
                await fetch(session, INSERT, thing, 1)
    await database.fetch(INSERT, uuid.uuid4(), 1, writing=True)
    assert await count(database) == 2


@pytest.mark.parametrize("in_session", [True, False])
async def test_a_cancelled_statement_takes_its_connection_along(database: Database, in_session: bool) -> None:
    """Else the next one would find another's transaction open, or a connection that is still busy."""

    async def work() -> None:
        if not in_session:
            await database.fetch("SELECT pg_sleep(5)", writing=True)
            return
        async with database.write() as session:
            await fetch(session, INSERT, uuid.uuid4(), 1)
            await fetch(session, "SELECT pg_sleep(5)")

    tasks = [asyncio.create_task(work()) for _ in range(12)]  # more than the pool has connections
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    assert all(isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*tasks, return_exceptions=True))
    assert await count(database) == 0
    for _ in range(20):
        async with database.write() as session:
            await fetch(session, INSERT, uuid.uuid4(), 1)
    assert await count(database) == 20


async def test_connections_that_the_server_closed_are_replaced_unseen(database: Database) -> None:
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.2)", writing=True) for _ in range(4)))
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.2)") for _ in range(4)))
    admin = await database.connect_raw()
    try:
        await admin.execute("SET ROLE NONE")  # the house may not end what the log-in role opened
        ended = await admin.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user"
        )
        assert len(ended) >= 2
        await asyncio.sleep(0.2)
        for _ in range(8):
            await database.fetch(INSERT, uuid.uuid4(), 1, writing=True)
            assert await count(database)
        async with database.write() as session:
            await fetch(session, INSERT, uuid.uuid4(), 1)
    finally:
        await admin.close()


async def test_writes_together_are_all_or_none(database: Database) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    await write_together(database, Write((("one", INSERT),), (first, 1)), Write((("two", INSERT),), (second, 2)))
    async with database.read() as session:
        rows = (await session.execute(text("SELECT id, version FROM thing ORDER BY version"))).all()
    assert [tuple(row) for row in rows] == [(first, 1), (second, 2)]
    third = uuid.uuid4()
    with pytest.raises(asyncpg.UniqueViolationError):
        await write_together(database, Write((("one", INSERT),), (third, 1)), Write((("two", INSERT),), (second, 2)))
    assert await count(database) == 2


def test_arguments_are_counted_through() -> None:
    pair = (("a", "INSERT INTO x VALUES ($1, $2) RETURNING id"), ("b", "INSERT INTO y SELECT id, $2 FROM a"))
    assert _joined((pair, (("c", "DELETE FROM z WHERE id = $1"),))) == (
        "WITH a AS (INSERT INTO x VALUES ($1, $2) RETURNING id), b AS (INSERT INTO y SELECT id, $2 FROM a),"
        " c AS (DELETE FROM z WHERE id = $3) SELECT 1"
    )
    assert _joined(((("c", "DELETE FROM z WHERE id = $1"),),)) == "DELETE FROM z WHERE id = $1"
