"""Access tokens for any role at any organisation, signed with the stack's own key, as the registry would."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey

from devstack.credentials import SIGNING_KEYS
from devstack.ops.signing_keys import Ring
from devstack.stack import Stack

LIFETIME_SECONDS = 600


class Minter:
    """Signs tokens that the running stack believes; every client gets all scopes."""

    def __init__(self, stack: Stack, scopes: Iterable[str]) -> None:
        began = datetime.now(UTC)
        ring = Ring.read(stack.credentials.read(SIGNING_KEYS))
        self._key = OKPKey.import_key([key for key in ring.keys if key.signs_from <= began][-1].pem)
        self._issuer = f"nhipcau/{stack.environment('registry')['DEPLOYMENT']}"
        self._scope = " ".join(sorted(scopes))

    def token(self, role: str, organisation: str, *, subject: str, kind: str) -> str:
        """Return a token of ten minutes with one role at one organisation."""
        now = datetime.now(UTC)
        claims = {
            "iss": self._issuer,
            "aud": "nhipcau",
            "sub": str(UUID(subject)),
            "kind": kind,
            "sid": str(uuid4()),
            "jti": str(uuid4()),
            "iat": int(now.timestamp()),
            "iat_ms": time.time_ns() // 1_000_000,
            "exp": int(now.timestamp()) + LIFETIME_SECONDS,
            "grants": [{"role": role, "organisation": organisation}],
            "scope": self._scope if kind == "client" else "",
        }
        header = {"alg": "EdDSA", "typ": "at+jwt", "kid": self._key.thumbprint()}
        return jwt.encode(header, claims, self._key, algorithms=["EdDSA"])
