"""Audit: written with the change, append-only, and every tamper named by the chain or by a checkpoint outside (O4)."""

import asyncio
import hashlib
import hmac
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from servicekit import audit, audit_chain
from servicekit.audit import Sealer, write
from servicekit.audit_chain import Checkpoint, CheckpointInvalid, checkpoint, verify
from servicekit.identity import Actor

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ACTOR = Actor(kind="person", id=uuid.UUID(int=7), session_id=uuid.UUID(int=8), grants=())
SECRET = b"another machine's key"


def sign(message):
    return hmac.digest(SECRET, message, "sha256")


def check(message, signature):
    return hmac.compare_digest(sign(message), signature)


async def put(database, count=1, start=0):
    for number in range(start, start + count):
        async with database.write() as session:
            await write(
                session,
                action="thing.change",
                subject_type="thing",
                subject_id=uuid.UUID(int=number),
                actor=ACTOR if number % 2 else None,
                now=NOW + timedelta(seconds=number),
                reason=None if number % 3 else "asked",
                details={"version": number, "by": uuid.UUID(int=1), "tên": "Cần Thơ"},
            )


async def seal(database):
    return await Sealer(database, "feedback").seal()


async def test_write_is_one_statement_and_shares_the_callers_fate(publisher):
    seen = []
    engine = publisher.write_engine.sync_engine
    await put(publisher)
    sqlalchemy_event.listen(engine, "before_cursor_execute", lambda c, cur, statement, *_: seen.append(statement))
    await put(publisher)
    assert len(seen) == 1

    async def roll_back():
        async with publisher.write() as session:
            await write(session, action="a", subject_type="t", subject_id=uuid.uuid4(), actor=ACTOR, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await roll_back()
    async with publisher.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit_entry")) == 2
        assert await session.scalar(text("SELECT count(*) FROM audit_unsealed")) == 2
    assert await seal(publisher) == 2
    assert (await verify(publisher)).count == 2


async def test_details_take_no_objects(publisher):
    async with publisher.write() as session:
        with pytest.raises(TypeError):
            await write(
                session,
                action="a",
                subject_type="t",
                subject_id=uuid.uuid4(),
                actor=None,
                now=NOW,
                details={"x": object()},
            )


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal"])
@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"],
    ids=["update", "delete", "truncate"],
)
async def test_append_only_for_the_app_and_its_owner(made, table, role, statement):
    await put(made.database)
    await seal(made.database)
    column = "action" if table == "audit_entry" else "hash"
    dsn = made.urls.app_dsn if role == "app" else made.urls.owner_dsn
    connection = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.format(table, column, column))
    finally:
        await connection.close()


async def test_sealers_side_by_side_make_one_chain_of_all_committed_entries(publisher, monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 20)
    stop = asyncio.Event()

    async def keep_sealing():
        while not stop.is_set():
            await seal(publisher)

    async with publisher.write() as slow:
        await write(slow, action="slow", subject_type="t", subject_id=uuid.uuid4(), actor=ACTOR, now=NOW)
        sealers = [asyncio.create_task(keep_sealing()) for _ in range(2)]
        await asyncio.gather(*(put(publisher, 20, start) for start in range(0, 100, 20)))
        await asyncio.sleep(0.1)
    while await seal(publisher):
        pass
    stop.set()
    await asyncio.gather(*sealers)
    while await seal(publisher):
        pass
    result = await verify(publisher)
    assert (result.ok, result.count) == (True, 101)
    async with publisher.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit_unsealed")) == 0


async def test_running_sealer_seals(publisher, world, monkeypatch):
    monkeypatch.setattr(audit, "SEAL_SECONDS", 0.05)
    stop = asyncio.Event()
    task = asyncio.create_task(Sealer(publisher, "feedback").run(stop))
    await put(publisher, 3)

    async def sealed():
        return (await verify(publisher)).count == 3

    await world.until(sealed)
    stop.set()
    await task


async def test_unsealed_entries_are_no_fault(publisher):
    await put(publisher, 3)
    await seal(publisher)
    await put(publisher, 2, 3)
    result = await verify(publisher)
    assert (result.ok, result.count) == (True, 3)
    assert result.head == (await checkpoint(publisher, "feedback", NOW)).hash


async def test_checkpoints_are_kept_in_a_file_and_forgeries_are_refused(publisher, tmp_path):
    path = tmp_path / "checkpoints.txt"
    for count in (0, 3, 2):
        await put(publisher, count, count)
        await seal(publisher)
        found = await checkpoint(publisher, "feedback", NOW)
        audit_chain.append_checkpoint(path, found.signed(sign))
    read = audit_chain.read_checkpoints(path, check)
    assert [one.position for one in read] == [0, 3, 5]
    assert read[-1] == await checkpoint(publisher, "feedback", NOW)
    for one in read:
        assert (await verify(publisher, one)).ok
    forged = Checkpoint("feedback", 5, hashlib.sha256(b"x").digest(), NOW).body() + "AAAA\n"
    for wrong in (forged, forged.replace("\n5\n", "\nfive\n"), "", read[-1].signed(sign).replace("\n5\n", "\n4\n")):
        with pytest.raises(CheckpointInvalid):
            Checkpoint.read(wrong, check)


async def test_app_role_cannot_switch_the_guard_off(made):
    with pytest.raises(DBAPIError):
        async with made.database.write() as session:
            await session.execute(text("SET session_replication_role = replica"))
