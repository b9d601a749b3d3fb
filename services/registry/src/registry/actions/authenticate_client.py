"""Check a client's secret."""

import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.issue import Issued
from registry.domain.errors import WrongCredentials
from registry.queries.access import client_named, grants_on
from servicekit.working_days import local_date


async def authenticate_client(
    session: AsyncSession, client_id: str, *, secret_hash: bytes, session_id: UUID, now: datetime
) -> Issued:
    """Return the client with its grants of today. Raises WrongCredentials for an unknown, revoked or wrong one."""
    client = await client_named(session, client_id, for_session=True)
    stored = client.secret_hash if client else b"\0" * 32
    if not hmac.compare_digest(secret_hash, stored) or client is None or client.status != "active":
        raise WrongCredentials
    held = await grants_on(session, client.id, local_date(now))
    return Issued("client", client.id, session_id, held, tuple(client.scopes))
