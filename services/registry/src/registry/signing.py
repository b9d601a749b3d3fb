"""The ring of signing keys as a file, read anew whenever it changes, so that a rotation needs no restart.

The file holds one Ed25519 private key (PKCS 8 PEM), or {"keys": [{"signs_from": "<RFC 3339>", "key": "<PEM>"}, …]}.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

_log = structlog.get_logger(__name__)
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SigningKeysInvalid(ValueError):
    """The file cannot be used; the text says what is wrong without a byte of a key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and since when it signs; `kid` is its RFC 7638 thumbprint, so it changes when the key does."""

    kid: str
    key: OKPKey
    signs_from: datetime

    @property
    def public(self) -> dict[str, Any]:
        """The public half as the JWK set shows it."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "EdDSA"}


class SigningRing:
    """The keys in the file as it is now; while it cannot be read, as it was."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = _state(file)
        self._keys = read_signing_keys(file.read_text(encoding="utf-8"))

    def keys(self) -> list[SigningKey]:
        """Return all keys of the file."""
        try:
            state = _state(self._file)
            if state != self._seen:
                self._keys = read_signing_keys(self._file.read_text(encoding="utf-8"))
                self._seen = state
        except (OSError, SigningKeysInvalid) as error:
            _log.warning("signing_keys_unreadable", error=type(error).__name__)
        return self._keys


def read_signing_keys(text: str) -> list[SigningKey]:
    """Return the keys of a file's text. Raises SigningKeysInvalid."""
    if text.lstrip().startswith("-----BEGIN"):
        return [_key(text, _ALWAYS)]
    try:
        entries = [(entry["key"], datetime.fromisoformat(entry["signs_from"])) for entry in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError):
        raise SigningKeysInvalid("the signing keys are neither a PEM nor a ring") from None
    if not entries or any(begins.tzinfo is None for _, begins in entries):
        raise SigningKeysInvalid("the ring of signing keys is empty or has a time without a zone")
    return [_key(pem, begins) for pem, begins in entries]


def _key(pem: str, signs_from: datetime) -> SigningKey:
    try:
        key = OKPKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        raise SigningKeysInvalid("a signing key cannot be read") from None
    if not key.is_private or key.curve_name != "Ed25519":
        raise SigningKeysInvalid("a signing key must be an Ed25519 private key (PKCS 8 PEM)")
    return SigningKey(key.thumbprint(), key, signs_from)


def _state(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
