"""Check what a client proves itself with: a secret, or an assertion signed with its private key."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.issue import Issued
from registry.domain.errors import WrongCredentials
from registry.foreign.assertions import check_assertion, claimed_client
from registry.queries.access import grants_on
from registry.queries.credentials import client_to_check
from registry.tables import ApiClient, ApiClientCredential, ClientAssertion
from servicekit.working_days import local_date

_USE_NOTED_EVERY: Final = timedelta(minutes=1)


async def check_secret(
    session: AsyncSession, client_id: str, *, secret_hash: bytes, session_id: UUID, now: datetime
) -> Issued:
    """Return the client with its grants of today. Raises WrongCredentials, the same whatever is wrong."""
    found = await client_to_check(session, client_id, now)
    client, credentials = found or (None, [])
    fitting = None
    for credential in credentials:
        if hmac.compare_digest(secret_hash, credential.secret_hash or b"\0" * 32):
            fitting = credential
    if client is None or fitting is None:
        raise WrongCredentials
    return await _issued(session, client, fitting, session_id, now)


async def _note_use(session: AsyncSession, credential: UUID, now: datetime) -> None:
    """Note that a credential was used; two processes at once write once."""
    await session.execute(
        update(ApiClientCredential)
        .where(
            ApiClientCredential.id == credential,
            or_(
                ApiClientCredential.last_used_at.is_(None),
                ApiClientCredential.last_used_at < now - _USE_NOTED_EVERY,
            ),
        )
        .values(last_used_at=now)
    )


async def use_assertion(
    session: AsyncSession,
    assertion: str,
    *,
    issuer: str,
    session_id: UUID,
    hash_jti: Callable[[str], bytes],
    now: datetime,
) -> Issued:
    """Return the client an assertion proves, and use the assertion up (RFC 7523 §3). Raises WrongCredentials."""
    client_id = claimed_client(assertion)
    found = await client_to_check(session, client_id, now) if client_id else None
    if client_id is None or found is None:
        raise WrongCredentials
    client, credentials = found
    with_key = [(one, one.public_key) for one in credentials if one.public_key is not None]
    checked = check_assertion(assertion, [key for _, key in with_key], client_id=client_id, issuer=issuer, now=now)
    if checked is None:
        raise WrongCredentials
    credential, proven = with_key[checked[0]][0], checked[1]
    await session.execute(delete(ClientAssertion).where(ClientAssertion.expires_at < now))
    first = await session.scalar(
        insert(ClientAssertion)
        .values(api_client_id=client.id, jti_hash=hash_jti(proven.jti), expires_at=proven.expires_at)
        .on_conflict_do_nothing()
        .returning(ClientAssertion.api_client_id)
    )
    if first is None:
        raise WrongCredentials
    return await _issued(session, client, credential, session_id, now)


async def _issued(
    session: AsyncSession, client: ApiClient, credential: ApiClientCredential, session_id: UUID, now: datetime
) -> Issued:
    if credential.last_used_at is None or credential.last_used_at < now - _USE_NOTED_EVERY:
        await _note_use(session, credential.id, now)
    held = await grants_on(session, client.id, local_date(now))
    return Issued("client", client.id, session_id, held, tuple(client.scopes), good_until=credential.expires_at)
