"""`ops audit`: what the chain finds by itself, and what only a checkpoint outside the database finds (O4)."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from devstack.databases import drop_database, ensure_database
from devstack.ops.audit import KEY, checkpoint, verify
from devstack.ops.service_databases import opened_one, place_of
from devstack.processes import StackError
from devstack.stack import Stack, engine_parts
from devstack.supervisor import Part
from servicekit import audit
from servicekit.tables import metadata

ONLY = ["registry"]


def parts(stack: Stack) -> Sequence[Part]:
    return engine_parts(stack)


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    async with Stack(parts=parts) as started:
        engine = create_async_engine(place_of(started.data, started.ports, "registry").owner_url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
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
