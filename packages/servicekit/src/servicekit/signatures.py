"""Signatures of what leaves and what comes in: Standard Webhooks (v1 HMAC, v1a Ed25519) and plain Ed25519.

Source: the Standard Webhooks specification 1.0.0 ("Signature scheme"): the signed text is `id.timestamp.body`, the
header `webhook-signature` lists `v1,<base64>` and `v1a,<base64>` separated by spaces, secrets are written
`whsec_<base64 of 24 to 64 bytes>`, Ed25519 keys `whsk_` and `whpk_`. RFC 8032 (Ed25519), RFC 7638 and RFC 8037
(the key's thumbprint and JWK form). The body is verified byte for byte: a re-serialised JSON does not pass.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from servicekit.errors import DomainError, Kind

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
TOLERANCE_SECONDS: Final = 300
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES: Final = 16
_SECRET_BYTES: Final = range(24, 65)


class WebhookMalformed(DomainError):
    """The three webhook headers are missing or cannot be read."""

    kind = Kind.MALFORMED
    code = "webhook_malformed"
    vi = "Thiếu hoặc sai định dạng webhook-id, webhook-timestamp hoặc webhook-signature."
    en = "webhook-id, webhook-timestamp or webhook-signature is missing or not well formed."


class SignatureInvalid(DomainError):
    """No signature fits, or the time is more than five minutes away; the answer never says which."""

    kind = Kind.UNAUTHENTICATED
    code = "signature_invalid"
    vi = "Chữ ký không hợp lệ hoặc đã quá hạn. Hãy kiểm tra khóa, đồng hồ và nội dung đã ký."
    en = "The signature is not valid or too old. Check the key, the clock and the signed bytes."


class KeyInvalid(ValueError):
    """A key setting cannot be used; the text holds no byte of it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A webhook whose signature fits: its id (refuse the second with the same one) and when it was signed."""

    id: str
    timestamp: int


def new_secret() -> str:
    """Return a new shared secret of 32 random bytes in the `whsec_` form."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def read_secret(text: str) -> bytes:
    """Return the bytes of a `whsec_` secret. Raises KeyInvalid."""
    secret = _decode_key(text, "whsec_")
    if len(secret) not in _SECRET_BYTES:
        raise KeyInvalid("a webhook secret has 24 to 64 bytes")
    return secret


def sign_v1(secret: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,<base64>`: HMAC-SHA256 with the shared secret."""
    signature = hmac.digest(secret, signed_bytes(webhook_id, timestamp, body), "sha256")
    return "v1," + base64.b64encode(signature).decode()


def sign_v1a(key: Ed25519PrivateKey, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1a,<base64>`: Ed25519, for receivers who should be able to check but not to sign."""
    return "v1a," + base64.b64encode(key.sign(signed_bytes(webhook_id, timestamp, body))).decode()


def signed_bytes(webhook_id: str, timestamp: int, body: bytes) -> bytes:
    """Return the bytes that are signed. Raises ValueError for an id with a dot, which could move the borders."""
    if _ID.fullmatch(webhook_id) is None:
        raise ValueError("a webhook id has 1 to 128 of the characters A-Z a-z 0-9 _ -")
    return f"{webhook_id}.{timestamp}.".encode() + body


def webhook_headers(webhook_id: str, timestamp: int, signatures: Sequence[str]) -> dict[str, str]:
    """Return the three headers to send."""
    return {ID_HEADER: webhook_id, TIMESTAMP_HEADER: str(timestamp), SIGNATURE_HEADER: " ".join(signatures)}


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    secrets: Sequence[bytes] = (),
    public_keys: Sequence[Ed25519PublicKey] = (),
) -> Verified:
    """Check a webhook against any of the secrets and keys. Raises WebhookMalformed or SignatureInvalid.

    Several secrets make rotation possible. Unknown signature versions are passed over, as the specification asks.
    """
    given = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp_text = given.get(ID_HEADER, ""), given.get(TIMESTAMP_HEADER, "")
    if _ID.fullmatch(webhook_id) is None or _TIMESTAMP.fullmatch(timestamp_text) is None:
        raise WebhookMalformed
    candidates = given.get(SIGNATURE_HEADER, "").split(" ")
    if not 1 <= len(candidates) <= _MOST_SIGNATURES or candidates == [""]:
        raise WebhookMalformed
    timestamp = int(timestamp_text)
    if abs(now.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise SignatureInvalid
    signed = signed_bytes(webhook_id, timestamp, body)
    for candidate in candidates:
        version, _, encoded = candidate.partition(",")
        signature = _decode(encoded)
        if version == "v1" and any(_hmac_fits(secret, signed, signature) for secret in secrets):
            return Verified(webhook_id, timestamp)
        if version == "v1a" and any(verify_bytes(key, signed, signature) for key in public_keys):
            return Verified(webhook_id, timestamp)
    raise SignatureInvalid


def _hmac_fits(secret: bytes, signed: bytes, signature: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(secret, signed, "sha256"), signature)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _decode_key(text: str, prefix: str) -> bytes:
    key = _decode(text.removeprefix(prefix)) if text.startswith(prefix) else b""
    if not key:
        raise KeyInvalid(f"a key of the form {prefix}<base64> is needed")
    return key


def read_private_key(text: str) -> Ed25519PrivateKey:
    """Return the Ed25519 key of a PEM (PKCS #8) or `whsk_` setting. Raises KeyInvalid."""
    if text.startswith("whsk_"):
        raw = _decode_key(text, "whsk_")
        if len(raw) not in (32, 64):  # some writers append the public half
            raise KeyInvalid("an Ed25519 private key has 32 bytes")
        return Ed25519PrivateKey.from_private_bytes(raw[:32])
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        raise KeyInvalid("the signing key is not a PEM private key without password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyInvalid("the signing key is not an Ed25519 key")
    return key


def read_public_key(text: str) -> Ed25519PublicKey:
    """Return the Ed25519 key of a `whpk_` text. Raises KeyInvalid."""
    raw = _decode_key(text, "whpk_")
    if len(raw) != 32:
        raise KeyInvalid("an Ed25519 public key has 32 bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


def sign_bytes(key: Ed25519PrivateKey, data: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature."""
    return key.sign(data)


def verify_bytes(key: Ed25519PublicKey, data: bytes, signature: bytes) -> bool:
    """Say whether the signature fits."""
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def public_text(key: Ed25519PublicKey) -> str:
    """Return the `whpk_` form for receivers of webhooks."""
    return "whpk_" + base64.b64encode(key.public_bytes_raw()).decode()


def public_pem(key: Ed25519PublicKey) -> str:
    """Return the PEM form for openssl."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Return the JWK form with its thumbprint as `kid`."""
    core = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    thumbprint = hashlib.sha256(json.dumps(core, separators=(",", ":"), sort_keys=True).encode()).digest()
    return core | {"alg": "EdDSA", "use": "sig", "kid": _base64url(thumbprint)}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
