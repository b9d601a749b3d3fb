"""`ops audit`: what the chain finds by itself, and what only a checkpoint outside the database finds (O4)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from devstack.databases import drop_database, ensure_database, with_database
from devstack.ops.audit import KEY, checkpoint, verify
from devstack.ops.service_databases import opened_one, place_of
from devstack.processes import StackError
from devstack.stack import Stack, engine_parts
from devstack.supervisor import Part
from servicekit import audit, audit_chain
from servicekit.tables import metadata

ONLY = ["registry"]
Connection = Any  # asyncpg says too little of its own


def parts(stack: Stack) -> Sequence[Part]:
    return engine_parts(stack)


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    async with Stack(parts=parts) as started:
        engine = create_async_engine(place_of(started.data, started.ports, "registry").owner_url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
        await ensure_database(started.admin_dsn, "pristine", service="registry", template="registry")
        yield started


async def act(stack: Stack, count: int) -> None:
    """Something is done and sealed `count` times."""
    now = datetime.now(UTC)
    async with opened_one(stack.data, stack.ports, "registry") as database:
        for _ in range(count):
            async with database.write() as session:
                await audit.write(
                    session, action="a.b", subject_type="thing", subject_id=uuid4(), actor=None, now=now, details={}
                )
        await audit.Sealer(database, "registry").seal()


async def test_a_rewritten_and_a_rolled_back_chain_are_found_by_the_checkpoint_only(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house, file = (stack.data, stack.ports, ONLY), tmp_path / "checkpoints"
    await act(stack, 5)
    await ensure_database(stack.admin_dsn, "yesterday", service="registry", template="registry")
    assert await checkpoint(*house, file)
    await act(stack, 5)
    assert await checkpoint(*house, file)
    assert (stack.credentials.folder / KEY).stat().st_mode & 0o777 == 0o600
    public = capsys.readouterr().out.splitlines()[-1].rsplit(" ", 1)[1]
    assert await verify(*house, file)
    assert await verify(*house, file, public)
    assert "10 entries, the chain holds, as at 2 checkpoints" in capsys.readouterr().out

    connection = await asyncpg.connect(stack.dsn("registry", "owner"))
    await connection.execute(
        "UPDATE audit_entry SET action = 'a.c' WHERE id = (SELECT entry_id FROM audit_seal WHERE position = 7)"
    )
    assert not await verify(*house, None)
    assert "registry: position 7: the entry was changed" in capsys.readouterr().out
    await connection.execute("UPDATE audit_entry SET action = 'a.b'")

    entries = await connection.fetch("SELECT entry_id FROM audit_seal ORDER BY position DESC")
    await connection.execute("DELETE FROM audit_seal")
    await connection.executemany("INSERT INTO audit_unsealed VALUES ($1)", [(row[0],) for row in entries])
    await connection.execute("UPDATE audit_entry SET reason = 'rewritten' WHERE id = $1", entries[-3]["entry_id"])
    await connection.close()
    await act(stack, 0)
    assert await verify(*house, None), "rewritten as a whole: the chain itself holds"
    assert not await verify(*house, file)
    assert "differs from the checkpoint" in capsys.readouterr().out
    size = file.stat().st_size
    assert not await checkpoint(*house, file)
    assert "is not what it was" in capsys.readouterr().out
    assert file.stat().st_size == size

    await drop_database(stack.admin_dsn, "registry")
    await ensure_database(stack.admin_dsn, "registry", service="registry", template="yesterday")
    assert await verify(*house, None), "put back to yesterday: the chain itself holds"
    assert not await verify(*house, file)
    assert "registry: position 6: shorter than the checkpoint" in capsys.readouterr().out
    await act(stack, 10)  # catching up does not help
    assert not await verify(*house, file)
    assert "differs from the checkpoint" in capsys.readouterr().out


async def test_a_checkpoint_somebody_else_wrote_is_refused(stack: Stack, tmp_path: Path) -> None:
    house, file = (stack.data, stack.ports, ONLY), tmp_path / "checkpoints"
    assert await checkpoint(*house, file)
    mine = file.read_text()
    file.write_text(mine.replace("audit checkpoint registry", "audit checkpoint feedback"))
    with pytest.raises(StackError, match=r"not ours \(signature\)"):
        await verify(*house, file)
    file.write_text("")
    assert not await verify(*house, file), "an emptied file is no proof"
    with pytest.raises(StackError, match="there is no folder"):
        await checkpoint(*house, tmp_path / "away" / "checkpoints")


ENTRY = "(SELECT entry_id FROM audit_seal WHERE position = {})"
COLUMNS = "at, action, subject_type, subject_id, actor_kind, actor_id, reason, details"


async def change_a_field(admin: Connection) -> int:
    await admin.execute("UPDATE audit_entry SET reason = 'other' WHERE id = " + ENTRY.format(5))
    return 5


async def delete_a_middle_row(admin: Connection) -> int:
    await admin.execute("DELETE FROM audit_entry WHERE id = " + ENTRY.format(7))
    return 7


async def delete_the_last_ten(admin: Connection) -> int:
    await admin.execute("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE position > 10)")
    return 11


async def swap_two(admin: Connection) -> int:
    ids = [await admin.fetchval("SELECT " + ENTRY.format(place)) for place in (8, 9)]
    rows = [await admin.fetchrow(f"SELECT {COLUMNS} FROM audit_entry WHERE id = $1", one) for one in ids]
    for one, row in zip(ids, reversed(rows), strict=True):
        values = "($2, $3, $4, $5, $6, $7, $8, $9)"
        await admin.execute(f"UPDATE audit_entry SET ({COLUMNS}) = {values} WHERE id = $1", one, *row)
    return 8


async def insert_one(admin: Connection) -> int:
    await admin.execute(
        "INSERT INTO audit_entry (at, action, subject_type, subject_id, actor_kind, details)"
        " VALUES (now(), 'forged', 'thing', gen_random_uuid(), 'person', '{}')"
    )
    return 21


async def rewrite_the_whole_chain(admin: Connection) -> int:
    """Change entry 3 and make every hash from there on right again, with our own code."""
    await admin.execute("UPDATE audit_entry SET reason = 'other' WHERE id = " + ENTRY.format(3))
    previous = await admin.fetchval("SELECT hash FROM audit_seal WHERE position = 2")
    rows = await admin.fetch(
        f"SELECT s.position, {audit_chain.ENTRY_COLUMNS} FROM audit_seal s JOIN audit_entry e ON e.id = s.entry_id"
        " WHERE s.position >= 3 ORDER BY s.position"
    )
    for row in rows:
        digest = audit_chain.link(previous, row["position"], SimpleNamespace(**row))  # type: ignore[arg-type]
        await admin.execute(
            "UPDATE audit_seal SET previous_hash = $1, hash = $2 WHERE position = $3", previous, digest, row["position"]
        )
        previous = digest
    return 10  # the first checkpoint that differs; what was before it was not kept outside


async def roll_back_to_yesterday(admin: Connection) -> int:
    await admin.execute("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE position > 10)")
    await admin.execute("DELETE FROM audit_seal WHERE position > 10")
    return 11


BY_THE_CHAIN = (change_a_field, delete_a_middle_row, delete_the_last_ten, swap_two, insert_one)
BY_A_CHECKPOINT_ONLY = (rewrite_the_whole_chain, roll_back_to_yesterday)


@pytest.mark.parametrize("tamper", [*BY_THE_CHAIN, *BY_A_CHECKPOINT_ONLY], ids=lambda one: one.__name__)
async def test_the_command_finds_each_of_the_seven_tampers_on_a_copy_and_names_the_first_bad_place(
    stack: Stack, copied: Path, tamper: Callable[[Connection], Awaitable[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    house = (stack.data, stack.ports, ONLY)
    assert await verify(*house, copied)
    admin = await asyncpg.connect(with_database(stack.admin_dsn, "registry"))
    try:
        await admin.execute("SET session_replication_role = replica")  # the triggers that refuse changes are off
        place = await tamper(admin)
    finally:
        await admin.close()
    capsys.readouterr()
    alone = await verify(*house, None)
    said_alone = capsys.readouterr().out
    if tamper in BY_THE_CHAIN:
        assert not alone
        assert f"registry: position {place}: " in said_alone
    else:
        assert alone, said_alone
    assert not await verify(*house, copied)
    assert f"registry: position {place}: " in capsys.readouterr().out


@pytest.fixture
async def copied(stack: Stack, tmp_path: Path) -> Path:
    """The file of checkpoints at 10, 15 and 20, of a new database with twenty entries."""
    await drop_database(stack.admin_dsn, "registry")
    await ensure_database(stack.admin_dsn, "registry", service="registry", template="pristine")
    file = tmp_path / "checkpoints"
    for count in (10, 5, 5):
        await act(stack, count)
        assert await checkpoint(stack.data, stack.ports, ONLY, file)
    return file
