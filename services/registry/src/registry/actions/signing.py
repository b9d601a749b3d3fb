"""Access tokens, signed here and nowhere else (RFC 9068 "at+jwt", EdDSA), and the keys that verify them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from joserfc import jwt

from registry.domain.signing_times import published, signing
from registry.signing import SigningRing
from servicekit.identity import AUDIENCE, TOKEN_TYPE, Grant
from servicekit.token_times import LEEWAY_SECONDS, TOKENS_LIVE_SECONDS

_TOKENS_LIVE: Final = timedelta(seconds=TOKENS_LIVE_SECONDS + LEEWAY_SECONDS)


class TokenSigner:
    """Signs with the key of the moment; a key is published before it signs and until its last token has ended."""

    def __init__(self, ring: SigningRing, *, issuer: str) -> None:
        self._ring = ring
        self._issuer = issuer

    def keys(self, now: datetime) -> dict[str, Any]:
        """Return the JWK set: the signing key first, then the next, then former ones."""
        return {"keys": [key.public for key in published(self._ring.keys(), now, tokens_live=_TOKENS_LIVE)]}

    def access_token(
        self,
        subject: UUID,
        *,
        kind: str,
        session_id: UUID,
        grants: Iterable[Grant],
        scopes: Iterable[str],
        seconds: int,
        now: datetime,
    ) -> str:
        """Return a signed token for a person or client with its grants of today, good for so many seconds.

        `iat_ms` is `iat` in milliseconds: who signs in again within the second of a revocation gets a good token.
        """
        issued = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(subject),
            "kind": kind,
            "sid": str(session_id),
            "jti": str(uuid4()),
            "iat": issued,
            "iat_ms": int(now.timestamp() * 1000),
            "exp": issued + seconds,
            "grants": [{"role": grant.role, "organisation": str(grant.organisation)} for grant in grants],
            "scope": " ".join(scopes),
        }
        key = signing(self._ring.keys(), now)
        header = {"alg": "EdDSA", "typ": TOKEN_TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key.key, algorithms=["EdDSA"])
