"""The registry's own check of tokens: its own keys without HTTP, and revocations within seconds."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from registry.actions.signing import LIFETIME_SECONDS, TokenSigner
from registry.queries.access import revocations
from servicekit.db import Database
from servicekit.errors import Unauthenticated
from servicekit.identity import LEEWAY_SECONDS, Actor, TokenVerifier

LOOK_SECONDS: Final = 5.0
_TOKENS_LIVE: Final = timedelta(seconds=LIFETIME_SECONDS + LEEWAY_SECONDS + 60)


class OwnVerifier(TokenVerifier):
    """Verifies with the signer's keys and refuses tokens issued before their holder's access was revoked.

    Revocations are read from the database at most every five seconds, and at once after `forget`.
    """

    def __init__(self, signer: TokenSigner, database: Database, *, issuer: str) -> None:
        async def own_keys() -> dict[str, object]:
            return signer.keys(datetime.now(UTC))

        super().__init__(own_keys, issuer=issuer)
        self._database = database
        self._revoked: dict[UUID, datetime] = {}
        self._looked_at = float("-inf")

    async def verify(self, token: str) -> Actor:
        """Return the actor. Raises Unauthenticated, also for a token older than its holder's last revocation."""
        actor = await super().verify(token)
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            await self._look()
        revoked = self._revoked.get(actor.id)
        if revoked is not None and _issued_at(token) < revoked:
            raise Unauthenticated
        return actor

    def forget(self, subject: UUID) -> None:
        """Drop the subject's remembered tokens and look for revocations at the next request."""
        super().forget(subject)
        self._looked_at = float("-inf")

    async def _look(self) -> None:
        self._looked_at = time.monotonic()
        since = datetime.now(UTC) - _TOKENS_LIVE
        async with self._database.read() as session:
            self._revoked = await revocations(session, since)


def _issued_at(token: str) -> datetime:
    payload = token.split(".")[1]  # verified before
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return datetime.fromtimestamp(claims["iat_ms"] / 1000, UTC)
