"""Make, rotate and revoke clients of other systems."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import revoke_client as revoke_tokens
from registry.actions.grant_role import NewGrant, insert_grant
from registry.domain.errors import ManagedBySettings
from registry.queries.access import client_named
from registry.queries.administering import administered_client, administered_organisation
from registry.tables import ApiClient
from servicekit import audit
from servicekit.errors import AlreadyExists, Conflict, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True)
class NewClient:
    """What an administrator says about a system."""

    client_id: str
    name: str
    organisation_id: UUID
    roles: tuple[NewGrant, ...] = ()


async def create_client(
    session: AsyncSession,
    new: NewClient,
    *,
    row_id: UUID,
    secret_hash: bytes,
    actor: Actor,
    now: datetime,
) -> ApiClient:
    """Store the client with its roles. Raises AlreadyExists, UnknownOrganisation, OutsideYourOrganisations."""
    await administered_organisation(session, actor, new.organisation_id, local_date(now))
    if await client_named(session, new.client_id) is not None:
        raise AlreadyExists
    client = ApiClient(
        id=row_id,
        client_id=new.client_id,
        name=new.name,
        secret_hash=secret_hash,
        kind="system",
        status="active",
        organisation_id=new.organisation_id,
        scopes=[],
        created_at=now,
        secret_set_at=now,
        version=1,
    )
    session.add(client)
    await session.flush()
    await _tell(session, client, "client.created", actor=actor, now=now)
    for grant in new.roles:
        await insert_grant(session, grant, api_client_id=row_id, actor=actor, now=now)
    return client


async def rotate_client(
    session: AsyncSession, row_id: UUID, *, secret_hash: bytes, expected: int, actor: Actor, now: datetime
) -> ApiClient:
    """Replace the secret; tokens got with the old one are no good. Raises NotFound, StaleVersion, Conflict."""
    client = await _changeable(session, row_id, expected=expected, actor=actor)
    client.secret_hash = secret_hash
    client.secret_set_at = now
    client.version += 1
    await session.flush()
    await _tell(session, client, "client.rotated", actor=actor, now=now)
    await revoke_tokens(session, row_id, reason="client_revoked", now=now)
    return client


async def revoke_client(
    session: AsyncSession, row_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> ApiClient:
    """Shut a client out for good. Raises NotFound, StaleVersion, Conflict."""
    client = await _changeable(session, row_id, expected=expected, actor=actor)
    client.status = "revoked"
    client.version += 1
    await session.flush()
    await _tell(session, client, "client.revoked", actor=actor, now=now)
    await revoke_tokens(session, row_id, reason="client_revoked", now=now)
    return client


async def _changeable(session: AsyncSession, row_id: UUID, *, expected: int, actor: Actor) -> ApiClient:
    client = await administered_client(session, actor, row_id)
    if client.kind == "house":
        raise ManagedBySettings
    if client.version != expected:
        raise StaleVersion
    if client.status == "revoked":
        raise Conflict
    return client


async def _tell(session: AsyncSession, client: ApiClient, action: str, *, actor: Actor, now: datetime) -> None:
    await audit.write(session, action=action, subject_type="api_client", subject_id=client.id, actor=actor, now=now)
