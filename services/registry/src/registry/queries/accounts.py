"""Reads of accounts and clients, for those who look after them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import Account, ApiClient, Organisation
from servicekit.encryption import Keyring, context, open_
from servicekit.errors import Unauthenticated
from servicekit.identity import Actor


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role of the token, with what the organisation is called."""

    role: str
    organisation_id: UUID
    organisation_name: str
    organisation_kind: str


@dataclass(frozen=True, slots=True)
class Me:
    """The person or client behind a token."""

    kind: str
    id: UUID
    username: str
    name: str
    scopes: list[str]
    grants: list[HeldRole]


async def who_is(session: AsyncSession, actor: Actor, *, keyring: Keyring) -> Me:
    """Return the actor with names (two statements). Raises Unauthenticated when the holder is gone."""
    if actor.kind == "person":
        account = await session.get(Account, actor.id)
        if account is None or account.status != "active":
            raise Unauthenticated
        username, name = account.username, open_name(account, keyring)
    else:
        client = await session.get(ApiClient, actor.id)
        if client is None or client.status != "active":
            raise Unauthenticated
        username, name = client.client_id, client.name
    found = await session.execute(
        select(Organisation.id, Organisation.name, Organisation.kind).where(Organisation.id.in_(actor.organisations()))
    )
    named = {row.id: row for row in found}
    grants = [
        HeldRole(grant.role, grant.organisation, named[grant.organisation].name, named[grant.organisation].kind)
        for grant in actor.grants
        if grant.organisation in named
    ]
    return Me(actor.kind, actor.id, username, name, sorted(actor.scopes), grants)


def open_name(account: Account, keyring: Keyring) -> str:
    """Return the person's name."""
    return open_(keyring, account.name_sealed, context("account", "name_sealed", account.id))
