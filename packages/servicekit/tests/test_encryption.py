"""Sealed values open only in their place and with their key; the settings' mistakes are told without the key."""

import base64
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from servicekit.encryption import (
    CannotOpen,
    EncryptedText,
    Keyring,
    KeyringHolder,
    KeyringInvalid,
    blind_index,
    context,
    open_,
    read_key,
    seal,
)

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
RING = Keyring("k1", {"k1": OLD})
BOTH = Keyring("k2", {"k1": OLD, "k2": NEW})
HERE = context("submission", "text", "7")


@given(st.text())
def test_what_was_sealed_opens_in_its_place(plaintext: str) -> None:
    assert open_(RING, seal(RING, plaintext, HERE), HERE) == plaintext


def test_a_value_moved_elsewhere_does_not_open() -> None:
    sealed = seal(RING, "Nguyễn Văn A", HERE)
    for other in (context("submission", "text", "8"), context("submission", "text"), context("contact", "text", "7")):
        with pytest.raises(CannotOpen):
            open_(RING, sealed, other)


def test_any_changed_byte_is_noticed() -> None:
    sealed = seal(BOTH, "Nguyễn Văn A", HERE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(CannotOpen):
            open_(BOTH, bytes(changed), HERE)
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            open_(BOTH, sealed[:length], HERE)


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: b"v1|k1|" + rest))
def test_no_bytes_fail_in_another_way(sealed: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_(RING, sealed, HERE)


def test_the_key_id_cannot_be_swapped() -> None:
    sealed = seal(RING, "a", HERE)
    same_key_other_name = Keyring("k9", {"k9": OLD})
    with pytest.raises(CannotOpen):
        open_(same_key_other_name, sealed.replace(b"|k1|", b"|k9|"), HERE)


def test_equal_texts_look_different_and_nothing_shows() -> None:
    first, second = seal(RING, "0901234567", HERE), seal(RING, "0901234567", HERE)
    assert first != second
    assert b"0901234567" not in first
    assert first.startswith(b"v1|k1|")


def test_the_old_key_opens_and_the_new_one_seals() -> None:
    assert open_(BOTH, seal(RING, "a", HERE), HERE) == "a"
    sealed = seal(BOTH, "a", HERE)
    assert sealed.startswith(BOTH.current_prefix)
    with pytest.raises(CannotOpen):
        open_(RING, sealed, HERE)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_keyring_from_settings() -> None:
    ring = Keyring.from_json(json.dumps({"current": "k2", "keys": {"k1": b64(OLD), "k2": b64(NEW)}}))
    assert open_(ring, seal(BOTH, "a", HERE), HERE) == "a"
    assert "k2" in repr(ring)
    assert b64(NEW) not in repr(ring)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("", "not JSON"),
        ("k1:" + b64(OLD), "not JSON"),
        ("[]", "must look like"),
        ('{"current":"k1"}', "must look like"),
        ('{"keys":{}}', "names a key that is not"),
        (json.dumps({"current": "k2", "keys": {"k1": b64(OLD)}}), "names a key that is not"),
        (json.dumps({"current": "k1", "keys": {"k1": b64(OLD[:16])}}), "key k1 must have 32 bytes, it has 16"),
        (json.dumps({"current": "k1", "keys": {"k1": b64(OLD) + "*"}}), "key k1 is not base64"),
        (json.dumps({"current": "k1", "keys": {"k1": None}}), "key k1"),
        (json.dumps({"current": "K|1", "keys": {"K|1": b64(OLD)}}), "a key id has"),
    ],
)
def test_mistakes_in_the_settings_are_told_without_the_key(setting: str, message: str) -> None:
    with pytest.raises(KeyringInvalid, match=message) as caught:
        Keyring.from_json(setting)
    assert b64(OLD)[:12] not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_index_key_setting() -> None:
    assert read_key(b64(OLD)) == OLD
    with pytest.raises(KeyringInvalid, match="INDEX_KEY must have 32 bytes, it has 5"):
        read_key(b64(b"short"))
    with pytest.raises(KeyringInvalid, match="CODE_KEY is not base64"):
        read_key("?", "CODE_KEY")


def test_blind_index_finds_without_showing() -> None:
    assert blind_index(OLD, "+84901234567") == blind_index(OLD, "+84901234567")
    assert len(blind_index(OLD, "")) == 32
    others = {
        blind_index(OLD, "+84901234567"),
        blind_index(NEW, "+84901234567"),
        blind_index(OLD, "+84901234568"),
        blind_index(OLD, "+84901234567", purpose="contact.phone"),
    }
    assert len(others) == 4


HOLDER = KeyringHolder()
PERSON = Table(
    "person",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", EncryptedText("person.name", HOLDER)),
    Column("note", EncryptedText("person.note", HOLDER)),
)


def test_an_encrypted_column_needs_a_keyring() -> None:
    with pytest.raises(RuntimeError, match="no keyring"):
        _ = KeyringHolder().keyring


async def test_an_encrypted_column_in_postgresql(made: SimpleNamespace) -> None:
    HOLDER.install(RING)
    engine = create_async_engine(made.urls.owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(PERSON.metadata.create_all)
        await connection.execute(PERSON.insert(), [{"id": 1, "name": "Đặng Ánh", "note": None}])
        row = (await connection.execute(select(PERSON))).one()
        assert (row.name, row.note) == ("Đặng Ánh", None)
        stored = (await connection.execute(text("SELECT name FROM person"))).scalar_one()
        assert "Đặng".encode() not in stored
        assert stored.startswith(b"v1|k1|")
        await connection.execute(text("UPDATE person SET note = name"))
        moved = await connection.execute(select(PERSON.c.note))
        with pytest.raises(CannotOpen):
            moved.all()
    await engine.dispose()
