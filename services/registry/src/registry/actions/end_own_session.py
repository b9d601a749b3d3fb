"""End one of the own sessions, or all but the present one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions
from registry.tables import SignInSession
from servicekit import audit
from servicekit.errors import NotFound
from servicekit.identity import Actor


async def end_own_session(session: AsyncSession, session_id: UUID, *, actor: Actor, now: datetime) -> None:
    """End one session of the actor. Raises NotFound for an ended one and for another person's."""
    if session_id not in await _live(session, actor, now):
        raise NotFound
    await end_sessions(session, actor.id, only=session_id, reason="logout", now=now)
    await _tell(session, actor, [session_id], now)


async def end_other_sessions(session: AsyncSession, *, actor: Actor, now: datetime) -> None:
    """End every session of the actor but the present one."""
    others = [one for one in await _live(session, actor, now) if one != actor.session_id]
    for other in others:
        await end_sessions(session, actor.id, only=other, reason="logout", now=now)
    if others:
        await _tell(session, actor, others, now)


async def _live(session: AsyncSession, actor: Actor, now: datetime) -> list[UUID]:
    found = await session.scalars(
        select(SignInSession.id)
        .where(SignInSession.account_id == actor.id, SignInSession.ended_at.is_(None), SignInSession.expires_at > now)
        .with_for_update()
    )
    return list(found)


async def _tell(session: AsyncSession, actor: Actor, ended: list[UUID], now: datetime) -> None:
    await audit.write(
        session,
        action="session.ended",
        subject_type="account",
        subject_id=actor.id,
        actor=actor,
        now=now,
        reason="ended_by_owner",
        details={"sessions": ended},
    )
