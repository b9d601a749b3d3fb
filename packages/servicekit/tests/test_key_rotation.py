"""Changing the key of a table that is in use, against real PostgreSQL."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Table, Uuid, select, update
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from servicekit.encryption import CannotOpen, EncryptedText, Keyring, KeyringHolder, context, open_, seal
from servicekit.key_rotation import column_names, place_of_column, place_of_row, rotate, rotate_table

OLD, NEW = os.urandom(32), os.urandom(32)
BEFORE = Keyring("k1", {"k1": OLD})
DURING = Keyring("k2", {"k1": OLD, "k2": NEW})
AFTER = Keyring("k2", {"k2": NEW})
METADATA = MetaData()
VAULT = Table(
    "vault",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name", LargeBinary, nullable=False),
    Column("phone", LargeBinary),
)
HOLDER = KeyringHolder()
NOTE = Table("note", METADATA, Column("id", Uuid, primary_key=True), Column("text", EncryptedText("note.text", HOLDER)))
PLACE = place_of_row("vault")


@pytest.fixture
async def vault(made: SimpleNamespace) -> dict[UUID, str]:
    """Fifty people sealed with the old key, half of them with a phone."""
    HOLDER.install(BEFORE)
    people = {uuid4(): f"Người thứ {number}" for number in range(50)}
    engine = create_async_engine(made.urls.owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(VAULT.insert(), [sealed(BEFORE, key, name) for key, name in people.items()])
        await connection.execute(NOTE.insert(), [{"id": key, "text": name} for key, name in people.items()])
    await engine.dispose()
    return people


def sealed(keyring: Keyring, row_id: UUID, name: str) -> dict[str, Any]:
    phone = seal(keyring, name[::-1], context("vault", "phone", row_id)) if row_id.int % 2 else None
    return {"id": row_id, "name": seal(keyring, name, context("vault", "name", row_id)), "phone": phone}


async def everything(made: SimpleNamespace, keyring: Keyring) -> dict[UUID, str]:
    async with made.database.read() as session:
        rows = (await session.execute(select(VAULT))).all()
    for row in rows:
        assert (row.phone is None) is (row.id.int % 2 == 0)
        if row.phone is not None:
            open_(keyring, row.phone, context("vault", "phone", row.id))
    return {row.id: open_(keyring, row.name, context("vault", "name", row.id)) for row in rows}


async def test_after_rotation_the_old_key_is_not_needed(made: SimpleNamespace, vault: dict[UUID, str]) -> None:
    with pytest.raises(CannotOpen):
        await everything(made, AFTER)
    changed = await rotate_table(made.database, VAULT, ["name", "phone"], keyring=DURING, place=PLACE, batch=7)
    assert changed == 50
    assert await everything(made, AFTER) == vault
    assert await rotate_table(made.database, VAULT, ["name", "phone"], keyring=DURING, place=PLACE) == 0


async def test_encrypted_columns_rotate_too(made: SimpleNamespace, vault: dict[UUID, str]) -> None:
    columns = column_names(NOTE, EncryptedText)
    assert columns == ["text"]
    place = place_of_column("note")
    assert await rotate_table(made.database, NOTE, columns, keyring=DURING, place=place, batch=20) == 50
    HOLDER.install(AFTER)
    async with made.database.read() as session:
        rows = (await session.execute(select(NOTE.c.id, NOTE.c.text))).all()
    assert {row.id: row.text for row in rows} == vault


async def test_a_stopped_rotation_goes_on_where_it_was(made: SimpleNamespace, vault: dict[UUID, str]) -> None:
    async with made.database.write() as session:
        count, _ = await rotate(session, VAULT, ["name", "phone"], keyring=DURING, place=PLACE, batch=20)
    assert count == 20
    assert await everything(made, DURING) == vault
    assert await rotate_table(made.database, VAULT, ["name", "phone"], keyring=DURING, place=PLACE) == 30


async def test_a_batch_that_cannot_be_read_changes_nothing(made: SimpleNamespace, vault: dict[UUID, str]) -> None:
    broken = max(vault)
    async with made.database.write() as session:
        await session.execute(update(VAULT).where(VAULT.c.id == broken).values(name=b"v1|k1|broken-broken-broken"))
    with pytest.raises(CannotOpen):
        await rotate_table(made.database, VAULT, ["name", "phone"], keyring=DURING, place=PLACE)
    async with made.database.read() as session:
        names = await session.scalars(select(VAULT.c.name))
        assert all(name.startswith(BEFORE.current_prefix) for name in names)


async def test_a_change_at_the_same_time_is_not_lost(made: SimpleNamespace, vault: dict[UUID, str]) -> None:
    changed = min(vault)

    async def rename() -> None:
        async with made.database.write() as session:
            value = sealed(DURING, changed, "Tên mới")
            await session.execute(update(VAULT).where(VAULT.c.id == changed).values(value))
            await asyncio.sleep(0.2)

    renaming = asyncio.create_task(rename())
    await asyncio.sleep(0.05)
    await rotate_table(made.database, VAULT, ["name", "phone"], keyring=DURING, place=PLACE)
    await renaming
    assert await everything(made, AFTER) == vault | {changed: "Tên mới"}
