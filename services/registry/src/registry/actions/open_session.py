"""Open a session of a person who has just proved who they are."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.issue import Issued, SessionLimits, issued_to_person
from registry.queries.access import grants_on
from registry.tables import RefreshToken, SignInSession
from servicekit import audit
from servicekit.identity import Actor
from servicekit.working_days import local_date


async def open_session(
    session: AsyncSession,
    account: UUID,
    *,
    session_id: UUID,
    refresh_hash: bytes,
    limits: SessionLimits,
    second_factor: bool,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> Issued:
    """Store the session with its first refresh token and return whom the access token is for."""
    session.add(
        SignInSession(
            id=session_id,
            account_id=account,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(days=limits.session_days),
            second_factor=second_factor,
        )
    )
    await session.flush()
    session.add(
        RefreshToken(
            token_hash=refresh_hash,
            session_id=session_id,
            issued_at=now,
            expires_at=now + timedelta(hours=limits.refresh_hours),
        )
    )
    await session.flush()
    held = await grants_on(session, account, local_date(now))
    issued = issued_to_person(account, session_id, held, second_factor=second_factor)
    await audit.write(
        session,
        action="session.started",
        subject_type="account",
        subject_id=account,
        actor=Actor("person", account, session_id, issued.held.grants),
        now=now,
        details={"second_factor": second_factor} | (details or {}),
    )
    return issued
