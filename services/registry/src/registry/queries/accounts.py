"""Reads of accounts and clients, for those who look after them."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.roles import DECIDING
from registry.queries.access import grants_on, stands_on
from registry.tables import Account, ApiClient, Organisation, SignInSession
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
    second_factor_enrolled: bool = False
    withheld_roles: list[str] = field(default_factory=list)


async def who_is(session: AsyncSession, actor: Actor, *, keyring: Keyring, day: date) -> Me:
    """Return the actor with names (two statements, three for a person). Raises Unauthenticated when the holder is gone.

    What went into an organisation of the actor is in the token too, and not told. Withheld are the roles of the day
    that decide, in a session that began without a second factor.
    """
    enrolled, withheld = False, set[str]()
    if actor.kind == "person":
        found = (
            await session.execute(
                select(Account, SignInSession.second_factor)
                .outerjoin(SignInSession, SignInSession.id == actor.session_id)
                .where(Account.id == actor.id)
            )
        ).one_or_none()
        if found is None or found.Account.status != "active":
            raise Unauthenticated
        account = found.Account
        username, name = account.username, open_name(account, keyring)
        enrolled = account.totp_sealed is not None
        if not found.second_factor:
            held = await grants_on(session, actor.id, day)
            # A provider's token may have brought the second factor without a session that could remember it.
            withheld = ({grant.role for grant in held.grants} & DECIDING.keys()) - actor.roles()
    else:
        client = await session.get(ApiClient, actor.id)
        if client is None or client.status != "active":
            raise Unauthenticated
        username, name = client.client_id, client.name
    standing = await session.execute(
        select(Organisation.id, Organisation.name, Organisation.kind).where(
            Organisation.id.in_(actor.organisations()), stands_on(Organisation, day)
        )
    )
    named = {row.id: row for row in standing}
    grants = [
        HeldRole(grant.role, grant.organisation, named[grant.organisation].name, named[grant.organisation].kind)
        for grant in actor.grants
        if grant.organisation in named
    ]
    return Me(actor.kind, actor.id, username, name, sorted(actor.scopes), grants, enrolled, sorted(withheld))


def open_name(account: Account, keyring: Keyring) -> str:
    """Return the person's name."""
    return open_(keyring, account.name_sealed, context("account", "name_sealed", account.id))
