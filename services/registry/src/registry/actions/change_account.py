"""Lock, unlock, and set passwords."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.create_account import check_password
from registry.actions.end_access import end_sessions
from registry.actions.grant_role import FIRST_ADMINISTRATOR_ID
from registry.domain.errors import ManagedBySettings, OutsideYourOrganisations, WrongCredentials
from registry.passwords import PasswordHasher
from registry.queries.administering import administered_account, holds_roles_elsewhere
from registry.tables import Account
from servicekit import audit
from servicekit.errors import Conflict, StaleVersion
from servicekit.identity import Actor


async def lock_account(
    session: AsyncSession, account_id: UUID, *, expected: int, reason_code: str, actor: Actor, now: datetime
) -> Account:
    """Lock an account: all its sessions end now. Raises NotFound, StaleVersion, Conflict, ManagedBySettings."""
    account = await _changeable(session, account_id, expected=expected, actor=actor)
    if account.status == "locked":
        raise Conflict
    account.status = "locked"
    await _changed(session, account, "account.locked", actor=actor, now=now, reason=reason_code)
    await end_sessions(session, account_id, reason="locked", now=now)
    return account


async def unlock_account(
    session: AsyncSession, account_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> Account:
    """Unlock an account; it signs in anew. Raises NotFound, StaleVersion, Conflict, ManagedBySettings."""
    account = await _changeable(session, account_id, expected=expected, actor=actor)
    if account.status != "locked":
        raise Conflict
    account.status = "active"
    await _changed(session, account, "account.unlocked", actor=actor, now=now)
    return account


async def reset_password(
    session: AsyncSession,
    account_id: UUID,
    password: str,
    *,
    expected: int,
    actor: Actor,
    passwords: PasswordHasher,
    now: datetime,
) -> Account:
    """Set another person's password; all sessions end. Raises PasswordTooWeak, OutsideYourOrganisations and the like.

    Refused when the account holds a role elsewhere: whoever knows the password could use that role too.
    """
    account = await _changeable(session, account_id, expected=expected, actor=actor)
    if account.password_hash is None:
        raise Conflict  # signs in at an identity provider; a password would be a second way in
    if await holds_roles_elsewhere(session, actor, account_id):
        raise OutsideYourOrganisations
    await _set_password(session, account, password, passwords=passwords, actor=actor, now=now)
    return account


async def change_own_password(
    session: AsyncSession,
    current: str,
    password: str,
    *,
    actor: Actor,
    passwords: PasswordHasher,
    now: datetime,
) -> None:
    """Set the own password; all sessions end, this one too. Raises WrongCredentials, PasswordTooWeak."""
    account = await session.get(Account, actor.id, with_for_update=True)
    if account is None or not await passwords.verify(current, account.password_hash):
        raise WrongCredentials
    if account.id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    await _set_password(session, account, password, passwords=passwords, actor=actor, now=now)


async def _changeable(session: AsyncSession, account_id: UUID, *, expected: int, actor: Actor) -> Account:
    account = await administered_account(session, actor, account_id)
    if account_id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    if account.version != expected:
        raise StaleVersion
    return account


async def _set_password(
    session: AsyncSession,
    account: Account,
    password: str,
    *,
    passwords: PasswordHasher,
    actor: Actor,
    now: datetime,
) -> None:
    check_password(password, account.username)
    account.password_hash = await passwords.hash(password)
    account.password_set_at = now
    await _changed(session, account, "account.password_set", actor=actor, now=now)
    await end_sessions(session, account.id, reason="logout", now=now)


async def _changed(
    session: AsyncSession,
    account: Account,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    account.version += 1
    await session.flush()
    await audit.write(
        session,
        action=action,
        subject_type="account",
        subject_id=account.id,
        actor=actor,
        now=now,
        reason=reason,
    )
