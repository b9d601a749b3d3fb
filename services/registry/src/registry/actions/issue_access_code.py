"""Give out an invitation or recovery code; an earlier open one of the account ends."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.change_account import restorable_account
from registry.domain.access_codes import RULES, Purpose
from registry.tables import AccessCode, Account
from servicekit import audit
from servicekit.errors import Conflict
from servicekit.identity import Actor


@dataclass(frozen=True, slots=True)
class NewCode:
    """The account a code is for, and until when it is good."""

    account: Account
    expires_at: datetime


async def issue_access_code(
    session: AsyncSession,
    account_id: UUID,
    purpose: Purpose,
    *,
    code_hash: bytes,
    expected: int,
    actor: Actor,
    now: datetime,
) -> NewCode:
    """Give out a code for an account the actor may let its person back into.

    Raises Conflict when the account is in another state than the code is for, and what `restorable_account` raises.
    """
    account = await restorable_account(session, account_id, expected=expected, actor=actor)
    # Whom a provider vouches for has no password that could be lost.
    if account.status != RULES[purpose].status or (purpose == "recovery" and account.password_hash is None):
        raise Conflict
    account.version += 1
    return await insert_code(session, account, purpose, code_hash=code_hash, actor=actor, now=now)


async def insert_code(
    session: AsyncSession, account: Account, purpose: Purpose, *, code_hash: bytes, actor: Actor, now: datetime
) -> NewCode:
    """Store a code for an account the actor may already look after, in place of earlier ones."""
    await session.execute(
        update(AccessCode)
        .where(AccessCode.account_id == account.id, AccessCode.used_at.is_(None), AccessCode.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    expires_at = now + RULES[purpose].lasts
    session.add(
        AccessCode(
            code_hash=code_hash,
            account_id=account.id,
            purpose=purpose,
            issued_by=actor.id,
            issued_at=now,
            expires_at=expires_at,
        )
    )
    await session.flush()
    await audit.write(
        session,
        action=f"account.{purpose}_issued",
        subject_type="account",
        subject_id=account.id,
        actor=actor,
        now=now,
    )
    return NewCode(account, expires_at)
