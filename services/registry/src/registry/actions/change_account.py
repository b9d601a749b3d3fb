"""What administrators do to an account: lock, unlock, take a lost authenticator app off, end its sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions
from registry.actions.grant_role import FIRST_ADMINISTRATOR_ID
from registry.domain.errors import ManagedBySettings, OutsideYourOrganisations, OwnAccount
from registry.queries.access import is_vouched_for
from registry.queries.administering import administered_account, holds_roles_elsewhere
from registry.tables import Account, RecoveryCode
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
    """Unlock an account; it signs in anew, or takes up its invitation.

    Raises NotFound, StaleVersion, Conflict, ManagedBySettings.
    """
    account = await _changeable(session, account_id, expected=expected, actor=actor)
    if account.status != "locked":
        raise Conflict
    invited = account.password_hash is None and not await is_vouched_for(session, account_id)
    account.status = "invited" if invited else "active"
    await _changed(session, account, "account.unlocked", actor=actor, now=now)
    return account


async def reset_second_factor(
    session: AsyncSession, account_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> Account:
    """Take off a lost authenticator app with its recovery codes; all sessions end, the person enrols anew.

    Raises NotFound, StaleVersion, Conflict (none enrolled), OutsideYourOrganisations, ManagedBySettings.
    """
    account = await restorable_account(session, account_id, expected=expected, actor=actor)
    if account.totp_sealed is None:
        raise Conflict
    account.totp_sealed = account.totp_pending_sealed = account.totp_last_step = account.totp_set_at = None
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    await _changed(session, account, "account.second_factor_reset", actor=actor, now=now)
    await end_sessions(session, account_id, reason="logout", now=now)
    return account


async def end_all_sessions(
    session: AsyncSession, account_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> Account:
    """End every session of an account, which may sign in again. Raises NotFound, StaleVersion, ManagedBySettings."""
    account = await _changeable(session, account_id, expected=expected, actor=actor)
    await _changed(session, account, "account.sessions_ended", actor=actor, now=now)
    await end_sessions(session, account_id, reason="logout", now=now)
    return account


async def restorable_account(session: AsyncSession, account_id: UUID, *, expected: int, actor: Actor) -> Account:
    """Return an account the actor may let its person back into, locked against others.

    Refused when it holds a role elsewhere: whoever has the code could use that role too. Raises NotFound,
    StaleVersion, OutsideYourOrganisations, ManagedBySettings.
    """
    account = await _changeable(session, account_id, expected=expected, actor=actor)
    if await holds_roles_elsewhere(session, actor, account_id):
        raise OutsideYourOrganisations
    return account


async def _changeable(session: AsyncSession, account_id: UUID, *, expected: int, actor: Actor) -> Account:
    account = await administered_account(session, actor, account_id)
    if account_id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    if account_id == actor.id:
        raise OwnAccount
    if account.version != expected:
        raise StaleVersion
    return account


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
