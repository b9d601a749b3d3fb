"""Sign a person in with name and password.

Two short transactions with the slow hash between them: the attempt must be counted even though the answer is a
refusal, and no transaction may stay open while Argon2 runs.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.issue import Issued, SessionLimits
from registry.actions.open_session import open_session
from registry.domain.errors import WrongCredentials
from registry.domain.throttle import Throttle, count_attempt, seconds_blocked
from registry.queries.access import account_named
from registry.tables import SignInThrottle
from servicekit.errors import TooMany


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known before the password is checked; `account_id` is None for a name nobody has."""

    account_id: UUID | None
    password_hash: str | None
    version: int | None


async def begin_attempt(session: AsyncSession, username: str, *, name_hash: bytes, now: datetime) -> Candidate:
    """Count the attempt and return what to compare with. Raises TooMany, whether or not the name exists."""
    await session.execute(
        insert(SignInThrottle)
        .values(name_hash=name_hash, attempts=0, window_started_at=now, blocks=0)
        .on_conflict_do_nothing()
    )
    row = (
        await session.scalars(select(SignInThrottle).where(SignInThrottle.name_hash == name_hash).with_for_update())
    ).one()
    state = Throttle(row.attempts, row.window_started_at, row.blocks, row.blocked_until)
    wait = seconds_blocked(state, now)
    if wait:
        raise TooMany(retry_after=wait)
    counted = count_attempt(state, now)
    row.attempts, row.window_started_at = counted.attempts, counted.window_started_at
    row.blocks, row.blocked_until = counted.blocks, counted.blocked_until
    account = await account_named(session, username)
    if account is None or account.status != "active":
        return Candidate(None, None, None)
    return Candidate(account.id, account.password_hash, account.version)


async def start_session(
    session: AsyncSession,
    username: str,
    *,
    candidate: Candidate,
    name_hash: bytes,
    session_id: UUID,
    refresh_hash: bytes,
    limits: SessionLimits,
    now: datetime,
) -> Issued:
    """Open a session after a right password. Raises WrongCredentials if the account changed meanwhile."""
    account = await account_named(session, username)
    if account is None or account.status != "active" or account.version != candidate.version:
        raise WrongCredentials
    await session.execute(delete(SignInThrottle).where(SignInThrottle.name_hash == name_hash))
    return await open_session(
        session, account.id, session_id=session_id, refresh_hash=refresh_hash, limits=limits, now=now
    )
