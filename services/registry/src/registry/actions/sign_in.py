"""Sign a person in with name and password, and with a second factor where one is enrolled.

Two short transactions with the slow hash between them: the attempt must be counted even though the answer is a
refusal, and no transaction may stay open while Argon2 runs.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.count_tries import Tried, count_try, forgive_try
from registry.actions.issue import Issued, SessionLimits
from registry.actions.open_session import open_session
from registry.actions.prove_second_factor import prove_second_factor
from registry.domain.errors import WrongCredentials
from registry.domain.second_factor import SecondProof
from registry.queries.access import account_named
from servicekit.encryption import Keyring


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known before the password is checked; all None for a name nobody has."""

    account_id: UUID | None
    password_hash: str | None
    version: int | None


async def begin_attempt(session: AsyncSession, username: str, *, tried: Tried, now: datetime) -> Candidate:
    """Count the attempt and return what to compare with. Raises TooMany, whether or not the name exists."""
    await count_try(session, tried, now=now)
    account = await account_named(session, username)
    if account is None or account.status != "active":
        return Candidate(None, None, None)
    return Candidate(account.id, account.password_hash, account.version)


async def start_session(
    session: AsyncSession,
    username: str,
    *,
    candidate: Candidate,
    proof: SecondProof,
    tried: Tried,
    session_id: UUID,
    refresh_hash: bytes,
    limits: SessionLimits,
    keyring: Keyring,
    now: datetime,
) -> Issued:
    """Open a session after a right password. Raises WrongCredentials if the account changed, SecondFactorRequired."""
    account = await account_named(session, username, for_session=True)
    if account is None or account.status != "active" or account.version != candidate.version:
        raise WrongCredentials
    second_factor = await prove_second_factor(session, account, proof, keyring=keyring, now=now)
    await forgive_try(session, tried, now=now)
    return await open_session(
        session,
        account.id,
        session_id=session_id,
        refresh_hash=refresh_hash,
        limits=limits,
        second_factor=second_factor,
        now=now,
    )
