"""Note who looked at the names of people with an account; reading is audited like a change (reliability P-6)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.identity import Actor


async def note_reading(session: AsyncSession, account_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Write that one account was read."""
    await audit.write(
        session,
        action="account.read",
        subject_type="account",
        subject_id=account_id,
        actor=actor,
        now=now,
        reason="administration",
    )


async def note_listing(session: AsyncSession, accounts: Collection[UUID], *, actor: Actor, now: datetime) -> None:
    """Write that a page of accounts was read, with whose names stood on it; nothing when it was empty."""
    if not accounts:
        return
    await audit.write(
        session,
        action="account.listed",
        subject_type="account",
        subject_id=actor.id,
        actor=actor,
        now=now,
        reason="administration",
        details={"count": len(accounts), "accounts": [str(one) for one in accounts]},
    )
