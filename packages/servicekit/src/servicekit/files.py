"""Keeps files: each sealed with a key of its own, under a name that says nothing. Needs the extra `files`.

    bytes ── AES-256-GCM with a fresh key ──► object store (folder or S3)
    fresh key ── sealed with the keyring ───► <table>.key_sealed

Rotation re-seals the keys in the rows, not the files; deleting a row's key makes its file unreadable for ever.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import obstore
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.store import LocalStore, ObjectStore, from_url

from servicekit.encryption import Keyring, context, open_, seal

_NONCE = 12


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Where a file lies and the sealed key that opens it."""

    storage_key: str
    key_sealed: bytes


class FileStore:
    """Files in a folder (`file:///…`) or a bucket (`s3://…`); `table` is where their sealed keys stand."""

    def __init__(self, url: str, keyring: Keyring, *, table: str) -> None:
        self._keyring = keyring
        self._table = table
        self._store: ObjectStore = (
            LocalStore(Path(url.removeprefix("file://")), mkdir=True) if url.startswith("file://") else from_url(url)
        )

    async def put(self, file_id: UUID, data: bytes) -> StoredFile:
        """Store new bytes; an existing name is never overwritten."""
        storage_key = secrets.token_hex(20)
        key = AESGCM.generate_key(256)
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(key).encrypt(nonce, data, storage_key.encode())
        await obstore.put_async(self._store, _path(storage_key), sealed, mode="create")
        return StoredFile(storage_key, seal(self._keyring, base64.b64encode(key).decode(), self._place(file_id)))

    async def get(self, file_id: UUID, stored: StoredFile) -> bytes:
        """Return the bytes. Raises CannotOpen or InvalidTag when file or key were changed."""
        key = base64.b64decode(open_(self._keyring, stored.key_sealed, self._place(file_id)))
        answer = await obstore.get_async(self._store, _path(stored.storage_key))
        sealed = bytes(await answer.bytes_async())
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], stored.storage_key.encode())

    async def delete(self, storage_key: str) -> None:
        """Forget a file; it does not matter whether it is still there."""
        try:
            await obstore.delete_async(self._store, _path(storage_key))
        except FileNotFoundError:
            return

    def _place(self, file_id: UUID) -> str:
        return context(self._table, "key_sealed", file_id)


def _path(storage_key: str) -> str:
    return f"{storage_key[:2]}/{storage_key}"
