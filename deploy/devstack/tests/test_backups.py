"""Backup and restore: what was committed when the backup was taken is there afterwards, and nothing later."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from devstack import backups, folder, paths
from devstack.ports import Ports
from devstack.postgres import Postgres
from devstack.processes import StackError
from devstack.stack import Stack, engine_parts


@pytest.fixture
def place() -> Iterator[Path]:
    made = folder.temporary_folder()
    yield made
    shutil.rmtree(made)


async def _note(stack: Stack, service: str, text: str) -> None:
    connection = await asyncpg.connect(stack.dsn(service, "owner"))
    await connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
    await connection.execute("INSERT INTO notes VALUES ($1)", text)
    await connection.close()


async def _notes(stack: Stack, service: str) -> list[str]:
    connection = await asyncpg.connect(stack.dsn(service))
    rows = await connection.fetch("SELECT text FROM notes")
    await connection.close()
    return [row[0] for row in rows]


async def _backup(stack: Stack, place: Path, *, with_secrets: bool) -> Path:
    return await backups.take(
        place / "backups", data=stack.data, admin_dsn=stack.admin_dsn, with_secrets=with_secrets, report=print
    )


async def _restore(backup: Path, data: Path, *, replace: bool = False) -> None:
    postgres = Postgres(data / "postgres", 0, "")
    await backups.restore(backup, data=data, postgres=postgres, replace=replace, report=print)


async def test_a_lost_machine_comes_back_from_a_backup(place: Path) -> None:
    ports = Ports.free()
    async with Stack(place / "first", ports, parts=engine_parts) as stack:
        for service in paths.SERVICES:
            await _note(stack, service, "before")
        connection = await asyncpg.connect(stack.dsn("registry", "owner"))
        await connection.execute("CREATE TABLE outbox (n int, published_at timestamptz)")
        await connection.execute("INSERT INTO outbox VALUES (1, now())")
        await connection.close()
        client = await nats.connect(stack.nats_url())
        await client.jetstream().publish("registry.unit.changed.v1.x", b"{}")
        await client.close()
        (stack.data / "files" / "ab").mkdir()
        (stack.data / "files" / "ab" / "photo").write_bytes(b"\x00photo")
        made = await _backup(stack, place, with_secrets=True)
        await _note(stack, "feedback", "after")
        password = stack.admin_password
    assert (made / "secrets.tar").stat().st_mode & 0o777 == 0o600

    await _restore(made, place / "second")  # another machine
    await _restore(made, place / "first", replace=True)  # the same one
    for name in ("first", "second"):
        async with Stack(place / name, Ports.free(), parts=engine_parts) as stack:
            for service in paths.SERVICES:
                assert await _notes(stack, service) == ["before"]
            assert (stack.data / "files" / "ab" / "photo").read_bytes() == b"\x00photo"
            assert stack.admin_password == password
            connection = await asyncpg.connect(stack.dsn("registry", "owner"))
            assert await connection.fetchval("SELECT published_at IS NULL FROM outbox")
            await connection.close()
            client = await nats.connect(stack.nats_url())
            assert (await client.jetstream().stream_info("REGISTRY")).state.messages == 0
            await client.close()
            assert not (stack.data / backups.RESTORED).exists()
    assert len(list((place / "first" / "postgres").glob("data-before-restore-*"))) == 1


async def test_what_would_go_wrong_is_refused_and_changes_nothing(place: Path) -> None:
    async with Stack(place / "first", Ports.free(), parts=engine_parts) as stack:
        await _note(stack, "registry", "kept")
        made = await _backup(stack, place, with_secrets=False)
        assert not (made / "secrets.tar").exists()
        with pytest.raises(StackError, match="in use by another devstack"):
            await _restore(made, stack.data, replace=True)
    with pytest.raises(StackError, match="with --replace they are moved aside"):
        await _restore(made, place / "first")
    with pytest.raises(StackError, match="holds no secrets"):
        await _restore(made, place / "second")
    with pytest.raises(StackError, match="no finished backup"):
        await _restore(place, place / "second")
    shutil.copytree(place / "first" / "secrets", place / "other" / "secrets")
    (place / "other" / "secrets" / "feedback_keyring").write_text("another")
    with pytest.raises(StackError, match=r"not those of the backup \(feedback_keyring\)"):
        await _restore(made, place / "other")

    base = made / "postgres" / "base.tar.gz"
    whole = base.read_bytes()
    base.write_bytes(whole[: len(whole) // 2])
    with pytest.raises((StackError, EOFError, OSError)):
        await _restore(made, place / "first", replace=True)
    async with Stack(place / "first", Ports.free(), parts=engine_parts) as stack:
        assert await _notes(stack, "registry") == ["kept"]


async def test_a_damaged_page_is_found_before_it_takes_its_place(place: Path) -> None:
    async with Stack(place / "first", Ports.free(), parts=engine_parts) as stack:
        await _note(stack, "registry", "kept")
        made = await _backup(stack, place, with_secrets=True)
    unpacked = place / "unpacked"
    shutil.unpack_archive(made / "postgres" / "base.tar.gz", unpacked, filter="data")
    version = unpacked / "base" / "1" / "PG_VERSION"
    version.write_text("81\n")
    shutil.make_archive(str(made / "postgres" / "base"), "gztar", unpacked)
    with pytest.raises(StackError, match=r"(?s)pg_verifybackup failed.*PG_VERSION"):
        await _restore(made, place / "first", replace=True)
    assert (place / "first" / "postgres" / "data" / "PG_VERSION").exists()
