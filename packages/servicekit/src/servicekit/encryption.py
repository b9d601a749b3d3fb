"""Encrypts personal data at rest: AES-256-GCM with a ring of keys, bound to the place the value belongs to.

A sealed value is `v1|<key id>|<12-byte nonce><ciphertext and tag>`. The header and the context ("table.column", or
"table.column/<row id>") are authenticated, so a value moved to another column or row does not open.
Random nonces allow 2^32 values per key (NIST SP 800-38D §8.3); rotate long before that.
"""

import base64
import binascii
import hmac
import json
import os
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_VERSION: Final = b"v1|"
_NONCE: Final = 12
_KEY_ID: Final = re.compile("[a-z0-9_-]{1,32}")


class KeyringInvalid(ValueError):
    """The key settings cannot be used; the text says what is wrong without a byte of a key."""


class CannotOpen(Exception):
    """A sealed value does not open: another context, another or a missing key, or changed bytes."""


class Keyring:
    """The keys of one service: the current one seals, any of them opens."""

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        for key_id, key in keys.items():
            if _KEY_ID.fullmatch(key_id) is None:
                raise KeyringInvalid("KEYRING: a key id has 1 to 32 of the characters a-z 0-9 _ -")
            if len(key) != 32:
                raise KeyringInvalid(f"KEYRING: key {key_id} must have 32 bytes, it has {len(key)}")
        if current not in keys:
            raise KeyringInvalid("KEYRING: `current` names a key that is not in `keys`")
        self.current = current
        self.key_ids = frozenset(keys)
        self._ciphers = {key_id.encode(): AESGCM(key) for key_id, key in keys.items()}
        self._header = _VERSION + current.encode() + b"|"
        self._cipher = self._ciphers[current.encode()]

    @classmethod
    def from_json(cls, text: str) -> "Keyring":
        """Read {"current": "k1", "keys": {"k1": "<base64 of 32 bytes>"}}. Raises KeyringInvalid."""
        try:
            data = json.loads(text)
        except ValueError:
            raise KeyringInvalid("KEYRING is not JSON") from None
        if not isinstance(data, dict) or not isinstance(data.get("keys"), dict):
            raise KeyringInvalid('KEYRING must look like {"current": "k1", "keys": {"k1": "<base64>"}}')
        keys = {str(name): _key_bytes(value, f"KEYRING: key {name}") for name, value in data["keys"].items()}
        return cls(str(data.get("current")), keys)

    @property
    def current_prefix(self) -> bytes:
        """The first bytes of every value sealed with the current key."""
        return self._header

    def __repr__(self) -> str:
        return f"Keyring(current={self.current!r}, {len(self.key_ids)} keys)"


def read_key(text: str, name: str = "INDEX_KEY") -> bytes:
    """Return the 32 bytes of a base64 setting. Raises KeyringInvalid naming the setting."""
    key = _key_bytes(text, name)
    if len(key) != 32:
        raise KeyringInvalid(f"{name} must have 32 bytes, it has {len(key)}")
    return key


def _key_bytes(value: object, name: str) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):  # `from None`: the cause would carry the key into a log
        raise KeyringInvalid(f"{name} is not base64") from None


def context(table: str, column: str, row_id: UUID | str | None = None) -> str:
    """Return the place a value belongs to; give the row id wherever it is known before the insert."""
    return f"{table}.{column}" if row_id is None else f"{table}.{column}/{row_id}"


def seal(keyring: Keyring, plaintext: str, context: str) -> bytes:
    """Encrypt a text for one place."""
    nonce = os.urandom(_NONCE)
    header = keyring._header
    return header + nonce + keyring._cipher.encrypt(nonce, plaintext.encode(), header + context.encode())


def open_(keyring: Keyring, sealed: bytes, context: str) -> str:
    """Decrypt a value sealed for this place. Raises CannotOpen."""
    end = sealed.find(b"|", 3, 40) + 1
    cipher = keyring._ciphers.get(sealed[3 : end - 1]) if sealed.startswith(_VERSION) and end > 4 else None
    if cipher is None:
        raise CannotOpen("unknown key or format")
    try:
        text = cipher.decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], sealed[:end] + context.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("wrong place or changed bytes") from error
    return text.decode()


def blind_index(key: bytes, value: str, *, purpose: str = "") -> bytes:
    """Return HMAC-SHA256 of a normalised value, to find it without storing it.

    Normalise first (E.164 phone, 12-digit number, `str.casefold` of a mail address). `purpose` keeps two columns
    from having equal bytes for equal values. The key never goes into the database: the values are few enough to try.
    """
    return hmac.digest(key, f"{purpose}\0{value}".encode(), "sha256")


class KeyringHolder:
    """Where a column type finds the keys; settings are read after the tables are defined."""

    def __init__(self) -> None:
        self._keyring: Keyring | None = None

    def install(self, keyring: Keyring) -> None:
        """Use this keyring from now on."""
        self._keyring = keyring

    @property
    def keyring(self) -> Keyring:
        """The installed keyring. Raises RuntimeError before `install`."""
        if self._keyring is None:
            raise RuntimeError("no keyring is installed: call servicekit.encryption.use_keyring at start")
        return self._keyring


_PROCESS = KeyringHolder()


def use_keyring(keyring: Keyring) -> None:
    """Install the process's keyring for every EncryptedText column without a holder of its own."""
    _PROCESS.install(keyring)


class EncryptedText(TypeDecorator[str]):
    """A text column stored sealed in bytea, bound to its "table.column".

    A type does not see its row; where the row id is known, store bytea and use `seal` and `open_` with
    `context(table, column, row_id)` instead.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str, holder: KeyringHolder = _PROCESS) -> None:
        super().__init__()
        self.place = place
        self.holder = holder

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Seal on the way in."""
        return None if value is None else seal(self.holder.keyring, value, self.place)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Open on the way out. Raises CannotOpen."""
        return None if value is None else open_(self.holder.keyring, bytes(value), self.place)
