"""Public keys of others and the one algorithm each of them may be used with (RFC 8725 §3.1)."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from servicekit.errors import Invalid

PublicKey = OKPKey | ECKey | RSAKey
_LEAST_RSA_BITS: Final = 2048
_MEMBERS: Final = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
_CLASSES: Final[Mapping[str, type[OKPKey] | type[ECKey] | type[RSAKey]]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}


class KeyRefused(Invalid):
    """The key is not one that can be used here."""

    code = "key_refused"
    vi = "Khóa công khai không dùng được: cần JWK Ed25519, EC P-256 hoặc RSA từ 2048 bit, không kèm phần khóa riêng."
    en = "The public key cannot be used: send a JWK of Ed25519, EC P-256 or RSA from 2048 bits, public part only."


def read_public_key(jwk: Mapping[str, Any]) -> dict[str, str]:
    """Return the members that make up the public key of a JWK. Raises KeyRefused for kinds we do not take."""
    kind = str(jwk.get("kty"))
    if any(not isinstance(jwk.get(name), str) for name in _MEMBERS.get(kind, ("missing",))):
        raise KeyRefused
    public = {"kty": kind, **{name: str(jwk[name]) for name in _MEMBERS[kind]}}
    if public.get("crv") not in (None, "Ed25519", "P-256"):
        raise KeyRefused
    try:
        key = import_key(public)
    except (JoseError, ValueError) as error:
        raise KeyRefused from error
    if isinstance(key, RSAKey) and key.raw_value.key_size < _LEAST_RSA_BITS:
        raise KeyRefused
    return public


def import_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Return the key of a JWK. Raises JoseError or ValueError."""
    return _CLASSES[str(jwk["kty"])].import_key(dict(jwk))


def algorithms_of(key: PublicKey, *, rsa: Iterable[str] = ("PS256",)) -> list[str]:
    """Return the algorithms a key may have signed with; `rsa` are those of RSA keys. None is symmetric."""
    if isinstance(key, OKPKey):
        return ["EdDSA", "Ed25519"] if key.curve_name == "Ed25519" else []
    if isinstance(key, ECKey):
        return {"P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"]}.get(key.curve_name, [])
    return list(rsa)


def read_header(token: str) -> dict[str, Any]:
    """Return the header of a compact JWS without believing it. Raises ValueError."""
    header = _part(token, 0)
    if "crit" in header:
        raise ValueError("crit")
    return header


def read_claims(token: str) -> dict[str, Any]:
    """Return the claims of a compact JWS without believing them. Raises ValueError."""
    return _part(token, 1)


def _part(token: str, place: int) -> dict[str, Any]:
    if token.count(".") != 2 or "=" in token:
        raise ValueError("not a compact JWS")
    text = token.split(".")[place]
    try:
        part = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(part, dict):
        raise ValueError("not an object")
    return part
