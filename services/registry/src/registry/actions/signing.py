"""Access tokens, signed here and nowhere else (RFC 9068 "at+jwt", EdDSA), and the keys that verify them."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey

from servicekit.identity import AUDIENCE, TOKEN_TYPE, Grant

_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)


class TokenSigner:
    """Holds the signing key; `kid` is the key's RFC 7638 thumbprint, so it changes when the key does."""

    def __init__(self, private_pem: str, *, issuer: str, retired: str = "") -> None:
        self._key = OKPKey.import_key(private_pem)
        if not self._key.is_private or self._key.curve_name != "Ed25519":
            raise ValueError("SIGNING_KEY must be an Ed25519 private key (PKCS 8 PEM)")
        self._issuer = issuer
        self._kid = self._key.thumbprint()
        self._keys = [_public(self._key), *(_public(OKPKey.import_key(pem)) for pem in _PEM.findall(retired))]

    def keys(self) -> dict[str, Any]:
        """Return the JWK set: the signing key first, then retired ones."""
        return {"keys": self._keys}

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
        header = {"alg": "EdDSA", "typ": TOKEN_TYPE, "kid": self._kid}
        return jwt.encode(header, claims, self._key, algorithms=["EdDSA"])


def _public(key: OKPKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "EdDSA"}
