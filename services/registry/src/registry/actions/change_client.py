"""Make clients of other systems, say what they may call, shut them out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.operations import OPERATIONS
from registry.actions.end_access import revoke_client as revoke_tokens
from registry.actions.grant_role import NewGrant, insert_grant
from registry.domain.errors import ManagedBySettings, UnknownOperation
from registry.queries.access import client_named
from registry.queries.administering import administered_client, administered_organisation
from registry.tables import ApiClient
from servicekit import audit
from servicekit.errors import AlreadyExists, Conflict, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True)
class NewClient:
    """What an administrator says about a system; its reach is the organisations of its roles and all below them."""

    client_id: str
    name: str
    organisation_id: UUID
    scopes: tuple[str, ...]
    roles: tuple[NewGrant, ...] = ()


async def create_client(
    session: AsyncSession, new: NewClient, *, row_id: UUID, actor: Actor, now: datetime
) -> ApiClient:
    """Store the client with its roles, without a credential yet.

    Raises AlreadyExists, UnknownOperation, UnknownOrganisation, OutsideYourOrganisations.
    """
    scopes = _known(new.scopes)
    await administered_organisation(session, actor, new.organisation_id, local_date(now))
    if await client_named(session, new.client_id) is not None:
        raise AlreadyExists
    client = ApiClient(
        id=row_id,
        client_id=new.client_id,
        name=new.name,
        kind="system",
        status="active",
        organisation_id=new.organisation_id,
        scopes=scopes,
        created_at=now,
        version=1,
    )
    session.add(client)
    await session.flush()
    await _tell(session, client, "client.created", actor=actor, now=now, scopes=scopes)
    for grant in new.roles:
        await insert_grant(session, grant, api_client_id=row_id, actor=actor, now=now)
    return client


async def change_scopes(
    session: AsyncSession, row_id: UUID, scopes: Iterable[str], *, expected: int, actor: Actor, now: datetime
) -> ApiClient:
    """Replace what the client may call; tokens with the earlier scopes are no good.

    Raises NotFound, StaleVersion, Conflict, UnknownOperation.
    """
    known = _known(scopes)
    client = await changeable_client(session, row_id, expected=expected, actor=actor)
    client.scopes = known
    client.version += 1
    await session.flush()
    await _tell(session, client, "client.scopes_changed", actor=actor, now=now, scopes=known)
    await revoke_tokens(session, row_id, reason="client_revoked", now=now)
    return client


async def revoke_client(
    session: AsyncSession, row_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> ApiClient:
    """Shut a client out for good. Raises NotFound, StaleVersion, Conflict."""
    client = await changeable_client(session, row_id, expected=expected, actor=actor)
    client.status = "revoked"
    client.version += 1
    await session.flush()
    await _tell(session, client, "client.revoked", actor=actor, now=now)
    await revoke_tokens(session, row_id, reason="client_revoked", now=now)
    return client


async def changeable_client(session: AsyncSession, row_id: UUID, *, expected: int, actor: Actor) -> ApiClient:
    """Return a client for changing, locked. Raises NotFound, ManagedBySettings, StaleVersion, Conflict."""
    client = await administered_client(session, actor, row_id)
    if client.kind == "house":
        raise ManagedBySettings
    if client.version != expected:
        raise StaleVersion
    if client.status == "revoked":
        raise Conflict
    return client


def _known(scopes: Iterable[str]) -> list[str]:
    listed = list(dict.fromkeys(scopes))
    unknown = [place for place, name in enumerate(listed) if name not in OPERATIONS]
    if unknown:
        raise UnknownOperation(
            errors=[{"field": f"body.scopes.{place}", "code": UnknownOperation.code} for place in unknown]
        )
    return sorted(listed)


async def _tell(
    session: AsyncSession, client: ApiClient, action: str, *, actor: Actor, now: datetime, **details: object
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="api_client",
        subject_id=client.id,
        actor=actor,
        now=now,
        details=details,
    )
