"""Make an account for a person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.grant_role import NewGrant, insert_grant
from registry.domain.errors import PasswordTooWeak
from registry.domain.passwords import MINIMUM, weakness
from registry.passwords import PasswordHasher
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
    """What an administrator says about a person; the password is the first one, in NFC."""

    username: str
    name: str
    password: str
    organisation_id: UUID
    roles: tuple[NewGrant, ...] = ()


async def create_account(
    session: AsyncSession,
    new: NewAccount,
    *,
    account_id: UUID,
    actor: Actor,
    passwords: PasswordHasher,
    keyring: Keyring,
    now: datetime,
) -> Account:
    """Store the account with its first roles. Raises PasswordTooWeak, AlreadyExists, OutsideYourOrganisations."""
    check_password(new.password, new.username)
    await administered_organisation(session, actor, new.organisation_id, local_date(now))
    if await account_named(session, new.username) is not None:
        raise AlreadyExists
    account = Account(
        id=account_id,
        username=new.username,
        name_sealed=seal(keyring, new.name, context("account", "name_sealed", account_id)),
        password_hash=await passwords.hash(new.password),
        status="active",
        organisation_id=new.organisation_id,
        created_at=now,
        password_set_at=now,
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
    return account


def check_password(password: str, username: str) -> None:
    """Refuse a weak password. Raises PasswordTooWeak with the reason as the field's code."""
    reason = weakness(password, username)
    if reason is not None:
        raise PasswordTooWeak(minimum=MINIMUM, errors=[{"field": "body.password", "code": f"password_{reason}"}])
