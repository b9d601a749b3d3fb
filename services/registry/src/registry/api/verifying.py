"""The registry's own check of tokens: its own keys and its own table, without HTTP."""

from typing import Any

from registry.actions.signing import TokenSigner
from registry.queries.access import revocations_since
from servicekit.clock import Clock
from servicekit.db import Database
from servicekit.identity import TokenVerifier
from servicekit.revocations import Batch, Revocation, Revocations


def own_verifier(signer: TokenSigner, database: Database, clock: Clock, *, issuer: str) -> TokenVerifier:
    """Return the verifier of this process."""

    async def own_keys() -> dict[str, Any]:
        return signer.keys(clock.now())

    async def own_revocations(cursor: str | None) -> Batch:
        async with database.read() as session:
            rows, following = await revocations_since(session, int(cursor) if cursor else None, clock.now())
        items = [Revocation(row.subject_id, row.session_id, row.revoked_at, row.expires_at) for row in rows]
        return Batch(items, str(following))

    return TokenVerifier(own_keys, issuer=issuer, revocations=Revocations(own_revocations))
