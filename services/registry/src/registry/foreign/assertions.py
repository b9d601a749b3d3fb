"""Assertions with which clients prove that they hold their private key (RFC 7523 §3, RFC 9700 §2.5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError

from registry.foreign.keys import algorithms_of, import_key, read_claims, read_header

LONGEST_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is left to check when the signature and the claims are right: that `jti` was never used before."""

    jti: str
    expires_at: datetime


def claimed_client(token: str) -> str | None:
    """Return the client an assertion says it is from, unverified; None when it cannot be read."""
    try:
        subject = read_claims(token).get("sub")
    except ValueError:
        return None
    return subject if isinstance(subject, str) else None


def check_assertion(
    token: str, keys: Iterable[Mapping[str, Any]], *, client_id: str, issuer: str, now: datetime
) -> tuple[int, Assertion] | None:
    """Return which key signed the assertion and what is left to check, or None when anything is wrong.

    The audience is our issuer name alone: an address as audience can be another server's (RFC 7523bis).
    """
    try:
        algorithm = str(read_header(token).get("alg"))
        for place, jwk in enumerate(keys):
            key = import_key(jwk)
            if algorithm in algorithms_of(key) and (claims := _verified(token, key, algorithm)) is not None:
                return place, _checked(claims, client_id, issuer, now)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return None


def _verified(token: str, key: Any, algorithm: str) -> dict[str, Any] | None:
    try:
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except JoseError:
        return None


def _checked(claims: Mapping[str, Any], client_id: str, issuer: str, now: datetime) -> Assertion:
    at = int(now.timestamp())
    rules = jwt.JWTClaimsRegistry(
        now=at,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": client_id},
        sub={"essential": True, "value": client_id},
        exp={"essential": True},
        jti={"essential": True},
    )
    rules.validate(dict(claims))
    if claims.get("aud") not in (issuer, [issuer]):
        raise ValueError("aud")
    jti, expires = claims["jti"], claims["exp"]
    if not isinstance(jti, str) or not 8 <= len(jti) <= 200 or expires - at > LONGEST_SECONDS + LEEWAY_SECONDS:
        raise ValueError("jti or exp")
    return Assertion(jti, datetime.fromtimestamp(expires + LEEWAY_SECONDS, UTC))
