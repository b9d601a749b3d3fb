"""Sign out."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_client_session, end_sessions
from servicekit import audit
from servicekit.identity import Actor


async def sign_out(session: AsyncSession, actor: Actor, *, now: datetime) -> None:
    """End the actor's session: its tokens are no good from now on, those of other sessions go on."""
    if actor.kind == "client":
        await end_client_session(session, actor.id, actor.session_id, now=now)
    else:
        await end_sessions(session, actor.id, only=actor.session_id, reason="logout", now=now)
    await audit.write(
        session,
        action="session.ended",
        subject_type="account" if actor.kind == "person" else "api_client",
        subject_id=actor.id,
        actor=actor,
        now=now,
        reason="logout",
        details={"session": actor.session_id},
    )
