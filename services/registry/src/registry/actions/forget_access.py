"""Forget what is over: codes, sessions with their refresh tokens, counted tries."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import forget_revocations
from registry.domain.throttle import FORGIVEN_AFTER
from registry.tables import AccessCode, SignInSession, SignInThrottle

KEPT: Final = timedelta(days=30)
"""Long enough to look into something that went wrong; who did what stays in the audit."""


async def forget_access(session: AsyncSession, *, now: datetime) -> None:
    """Delete codes and sessions that ended a month ago, and tries and revocations that count for nothing any more."""
    await forget_revocations(session, now)
    before = now - KEPT
    await session.execute(delete(AccessCode).where(AccessCode.expires_at < before))
    await session.execute(
        delete(SignInSession).where(or_(SignInSession.expires_at < before, SignInSession.ended_at < before))
    )
    await session.execute(
        delete(SignInThrottle).where(
            SignInThrottle.window_started_at < now - 2 * FORGIVEN_AFTER,
            or_(SignInThrottle.blocked_until.is_(None), SignInThrottle.blocked_until < now - FORGIVEN_AFTER),
        )
    )
