"""Set the own password with an invitation or recovery code: the one path on which such a code is worth anything.

Two transactions with the slow hash between them, as in `sign_in`; the second one asks everything again.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions
from registry.actions.set_password import store_password
from registry.domain.access_codes import RULES
from registry.domain.errors import CodeNotUsable
from registry.queries.accounts import open_name
from registry.tables import AccessCode, Account, Organisation
from servicekit import audit
from servicekit.encryption import Keyring
from servicekit.identity import Actor


@dataclass(frozen=True, slots=True)
class CodeHolder:
    """Whose code it is: the user name, and texts a password must not be made of."""

    username: str
    about: tuple[str, ...]


async def find_holder(session: AsyncSession, code_hash: bytes, *, keyring: Keyring, now: datetime) -> CodeHolder:
    """Return whom a usable code was issued to. Raises CodeNotUsable."""
    found = (
        await session.execute(
            select(AccessCode.purpose, Account, Organisation.name)
            .join(Account, Account.id == AccessCode.account_id)
            .join(Organisation, Organisation.id == Account.organisation_id)
            .where(AccessCode.code_hash == code_hash, *_open(now))
        )
    ).one_or_none()
    if found is None or found.Account.status != RULES[found.purpose].status:
        raise CodeNotUsable
    account = found.Account
    return CodeHolder(account.username, (account.username, open_name(account, keyring), found.name))


async def use_access_code(session: AsyncSession, code_hash: bytes, *, password_hash: str, now: datetime) -> UUID:
    """Set the password and use the code up; sessions end. Raises CodeNotUsable, also to the second of two uses."""
    spent = (
        await session.execute(
            update(AccessCode)
            .where(AccessCode.code_hash == code_hash, *_open(now))
            .values(used_at=now)
            .returning(AccessCode.account_id, AccessCode.purpose, AccessCode.issued_by)
        )
    ).one_or_none()
    if spent is None:
        raise CodeNotUsable
    account = await session.get_one(Account, spent.account_id, with_for_update=True)
    if account.status != RULES[spent.purpose].status:
        raise CodeNotUsable
    account.status = "active"
    actor = Actor("person", account.id, account.id, ())
    await store_password(session, account, password_hash, actor=actor, now=now)
    if spent.purpose == "recovery":
        await end_sessions(session, account.id, reason="password_set", now=now)
    await audit.write(
        session,
        action=f"account.{spent.purpose}_used",
        subject_type="account",
        subject_id=account.id,
        actor=actor,
        now=now,
        details={"issued_by": spent.issued_by},
    )
    return account.id


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return AccessCode.used_at.is_(None), AccessCode.replaced_at.is_(None), AccessCode.expires_at > now
