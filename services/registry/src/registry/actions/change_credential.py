"""Give a client another credential while the old one stays good for a time, and end one at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.change_client import changeable_client
from registry.actions.end_access import revoke_client as revoke_tokens
from registry.domain.errors import OverlapTooLong, TooManyCredentials
from registry.queries.credentials import good_credentials
from registry.tables import ApiClient, ApiClientCredential
from servicekit import audit
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.token_times import TOKENS_LIVE_SECONDS

AT_A_TIME: Final = 2
USUAL_OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewCredential:
    """Either the HMAC of a new secret or a public key (JWK)."""

    secret_hash: bytes | None = None
    public_key: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """The kind as the table has it."""
        return "secret" if self.public_key is None else "public_key"


async def insert_credential(
    session: AsyncSession, client: ApiClient, new: NewCredential, *, actor: Actor, now: datetime
) -> ApiClientCredential:
    """Store a credential of a client that the actor may change."""
    credential = ApiClientCredential(
        id=uuid4(),
        api_client_id=client.id,
        kind=new.kind,
        secret_hash=new.secret_hash,
        public_key=new.public_key,
        created_at=now,
    )
    session.add(credential)
    await session.flush()
    await _tell(session, credential, "client.credential_added", actor=actor, now=now)
    return credential


async def rotate_credential(
    session: AsyncSession,
    row_id: UUID,
    new: NewCredential,
    *,
    old_good_until: datetime | None,
    expected: int,
    actor: Actor,
    now: datetime,
) -> ApiClient:
    """Add a credential; the one before it ends at `old_good_until`, in a day when None is given.

    Tokens of the old one end with it. Raises NotFound, StaleVersion, Conflict, TooManyCredentials, OverlapTooLong.
    """
    ends = old_good_until or now + USUAL_OVERLAP
    if ends > now + LONGEST_OVERLAP:
        raise OverlapTooLong(days=LONGEST_OVERLAP.days)
    client = await changeable_client(session, row_id, expected=expected, actor=actor)
    old = await good_credentials(session, [row_id], now)
    if len(old[row_id]) >= AT_A_TIME:
        raise TooManyCredentials
    for credential in old[row_id]:
        credential.expires_at = max(now, min(ends, credential.expires_at or ends))
    client.version += 1
    await insert_credential(session, client, new, actor=actor, now=now)
    if ends < now + timedelta(seconds=TOKENS_LIVE_SECONDS):
        # Tokens given before now do not know when the old credential ends, and could outlive it.
        await revoke_tokens(session, row_id, reason="client_revoked", now=now)
    return client


async def end_credential(
    session: AsyncSession, row_id: UUID, credential_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> ApiClient:
    """End a credential and the client's tokens now. Raises NotFound, StaleVersion, Conflict."""
    client = await changeable_client(session, row_id, expected=expected, actor=actor)
    good = (await good_credentials(session, [row_id], now))[row_id]
    credential = next((one for one in good if one.id == credential_id), None)
    if credential is None:
        raise NotFound
    credential.expires_at = now
    client.version += 1
    await session.flush()
    await _tell(session, credential, "client.credential_ended", actor=actor, now=now)
    await revoke_tokens(session, row_id, reason="client_revoked", now=now)
    return client


async def _tell(
    session: AsyncSession, credential: ApiClientCredential, action: str, *, actor: Actor, now: datetime
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="api_client",
        subject_id=credential.api_client_id,
        actor=actor,
        now=now,
        details={"credential": credential.id, "kind": credential.kind},
    )
