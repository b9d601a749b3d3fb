"""Set a password: the own one, or with a code. Sessions end with the password they began with."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions
from registry.actions.grant_role import FIRST_ADMINISTRATOR_ID
from registry.domain.errors import ManagedBySettings, PasswordTooWeak, WrongCredentials
from registry.domain.passwords import MINIMUM
from registry.passwords import password_weakness
from registry.tables import Account
from servicekit import audit
from servicekit.identity import Actor


def check_password(password: str, about: Iterable[str]) -> None:
    """Refuse a weak password. Raises PasswordTooWeak with the reason as the field's code."""
    reason = password_weakness(password, about)
    if reason is not None:
        raise PasswordTooWeak(minimum=MINIMUM, errors=[{"field": "body.password", "code": f"password_{reason}"}])


async def change_own_password(
    session: AsyncSession, password_hash: str, *, version: int | None, actor: Actor, now: datetime
) -> None:
    """Set the own password after the present one was proved; all sessions end, this one too.

    Raises WrongCredentials if the account changed since (`version`), ManagedBySettings for the first administrator.
    """
    account = await session.get(Account, actor.id, with_for_update=True)
    if account is None or account.version != version:
        raise WrongCredentials
    if account.id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    await store_password(session, account, password_hash, actor=actor, now=now)
    await end_sessions(session, account.id, reason="password_set", now=now)


async def store_password(
    session: AsyncSession, account: Account, password_hash: str, *, actor: Actor, now: datetime
) -> None:
    """Write the hash of a password that was checked; ending sessions is the caller's business."""
    account.password_hash = password_hash
    account.password_set_at = now
    account.version += 1
    await session.flush()
    await audit.write(
        session, action="account.password_set", subject_type="account", subject_id=account.id, actor=actor, now=now
    )
