"""Exchange a refresh token for the next one (RFC 9700 §4.14): each is good once, a second use ends the session."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions
from registry.actions.issue import Issued, SessionLimits, issued_to_person
from registry.queries.access import grants_on
from registry.tables import Account, RefreshToken, SignInSession
from servicekit import audit
from servicekit.identity import Actor
from servicekit.working_days import local_date


async def refresh_session(
    session: AsyncSession,
    token_hash: bytes,
    *,
    next_hash: bytes,
    limits: SessionLimits,
    now: datetime,
) -> Issued | None:
    """Rotate the token and return whom it is for, or None when it is no good.

    None must be answered after the commit: when the token was used before, the commit ends the whole family.
    """
    spent = (
        await session.execute(
            update(RefreshToken)
            .where(
                RefreshToken.token_hash == token_hash,
                RefreshToken.used_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(used_at=now)
            .returning(RefreshToken.session_id)
        )
    ).scalar_one_or_none()
    if spent is None:
        await _end_family_if_reused(session, token_hash, now)
        return None
    found = (
        await session.execute(
            select(SignInSession, Account)
            .join(Account, Account.id == SignInSession.account_id)
            .where(SignInSession.id == spent)
            .with_for_update(read=True, of=Account)  # no lock or end of a role passes unseen
        )
    ).one()
    opened, account = found
    if opened.ended_at is not None or opened.expires_at <= now or account.status != "active":
        return None
    opened.last_used_at = now
    session.add(
        RefreshToken(
            token_hash=next_hash,
            session_id=opened.id,
            issued_at=now,
            expires_at=min(now + timedelta(hours=limits.refresh_hours), opened.expires_at),
        )
    )
    held = await grants_on(session, account.id, local_date(now))
    return issued_to_person(account.id, opened.id, held, second_factor=opened.second_factor)


async def _end_family_if_reused(session: AsyncSession, token_hash: bytes, now: datetime) -> None:
    found = (
        await session.execute(
            select(SignInSession.id, SignInSession.account_id)
            .join(RefreshToken, RefreshToken.session_id == SignInSession.id)
            .where(
                RefreshToken.token_hash == token_hash,
                RefreshToken.used_at.is_not(None),
                SignInSession.ended_at.is_(None),
            )
        )
    ).one_or_none()
    if found is None:
        return
    await end_sessions(session, found.account_id, only=found.id, reason="token_reuse", now=now)
    actor = Actor("person", found.account_id, found.id, ())
    await audit.write(
        session,
        action="session.token_reused",
        subject_type="account",
        subject_id=found.account_id,
        actor=actor,
        now=now,
        reason="token_reuse",
        details={"session": found.id},
    )
