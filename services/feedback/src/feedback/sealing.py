"""The keys of this service and the places its sealed values belong to (table, column, row)."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from feedback.domain.codes import read_code, read_secret
from servicekit.encryption import Keyring, blind_index, context, open_, seal
from servicekit.signatures import verify_bytes


@dataclass(frozen=True)
class Keys:
    """What seals, finds and signs: column keys, key of the blind index, receipt key with its public form (JWK)."""

    keyring: Keyring
    index_key: bytes
    receipt_key: Ed25519PrivateKey
    receipt_jwk: dict[str, str]


def seal_json(keys: Keys, table: str, column: str, row_id: UUID, value: Any) -> bytes:
    """Seal a JSON value for one column of one row."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return seal(keys.keyring, text, context(table, column, row_id))


def open_json(keys: Keys, table: str, column: str, row_id: UUID, sealed: bytes) -> Any:
    """Open what `seal_json` sealed for this place. Raises CannotOpen."""
    return json.loads(open_(keys.keyring, sealed, context(table, column, row_id)))


def seal_note(keys: Keys, line_id: UUID, note: str | None) -> bytes | None:
    """Seal the text of a timeline line."""
    return None if note is None else seal(keys.keyring, note, context("submission_line", "note_sealed", line_id))


def open_note(keys: Keys, line_id: UUID, sealed: bytes | None) -> str | None:
    """Open the text of a timeline line."""
    if sealed is None:
        return None
    return open_(keys.keyring, sealed, context("submission_line", "note_sealed", line_id))


def ticket_index(keys: Keys, code: str, secret: str) -> bytes:
    """Return the one value under which code and secret together are found.

    Code and secret go into one keyed hash, so a wrong code and a wrong secret are the same miss of the same index.
    """
    return blind_index(keys.index_key, f"{read_code(code)}|{read_secret(secret)}", purpose="feedback.ticket")


def is_our_receipt(keys: Keys, payload: str, signature: str) -> bool:
    """Say whether the signature (hex) of a receipt fits its text."""
    return verify_bytes(keys.receipt_key.public_key(), payload.encode(), bytes.fromhex(signature))
