"""Make an account for a person, who sets the own password with the invitation that goes with it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.grant_role import NewGrant, insert_grant
from registry.actions.issue_access_code import NewCode, insert_code
from registry.queries.access import account_named
from registry.queries.administering import administered_organisation
from registry.tables import Account
from servicekit import audit
from servicekit.encryption import Keyring, context, seal
from servicekit.errors import AlreadyExists
from servicekit.identity import Actor
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator says about a person."""

    username: str
    name: str
    organisation_id: UUID
    roles: tuple[NewGrant, ...] = ()


async def create_account(
    session: AsyncSession,
    new: NewAccount,
    *,
    account_id: UUID,
    code_hash: bytes,
    actor: Actor,
    keyring: Keyring,
    now: datetime,
) -> NewCode:
    """Store the account with its first roles and an invitation. Raises AlreadyExists, OutsideYourOrganisations."""
    await administered_organisation(session, actor, new.organisation_id, local_date(now))
    if await account_named(session, new.username) is not None:
        raise AlreadyExists
    account = Account(
        id=account_id,
        username=new.username,
        name_sealed=seal(keyring, new.name, context("account", "name_sealed", account_id)),
        status="invited",
        organisation_id=new.organisation_id,
        created_at=now,
        version=1,
    )
    session.add(account)
    await session.flush()
    await audit.write(
        session,
        action="account.created",
        subject_type="account",
        subject_id=account_id,
        actor=actor,
        now=now,
        details={"organisation": new.organisation_id},
    )
    for grant in new.roles:
        await insert_grant(session, grant, account_id=account_id, actor=actor, now=now)
    return await insert_code(session, account, "invitation", code_hash=code_hash, actor=actor, now=now)
