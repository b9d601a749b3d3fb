"""End sessions, and write down which tokens are no good from now on; every process of the house asks for it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.revocation import REMEMBERED, RevocationReason
from registry.tables import Account, ApiClient, Revocation, SignInSession
from servicekit.db import fetch


async def end_sessions(
    session: AsyncSession, account: UUID, *, reason: RevocationReason, now: datetime, only: UUID | None = None
) -> None:
    """End one session of an account, or all; tokens of an ended session are no good whenever they were issued."""
    statement = (
        update(SignInSession)
        .where(SignInSession.account_id == account, SignInSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )
    if only is not None:
        await session.execute(statement.where(SignInSession.id == only))
        await _remember(session, [account], reason=reason, now=now, only=only)
    else:
        # The account is locked first: a sign-in that is under way either waits and sees the end, or is seen by it.
        await revoke_account(session, account, reason=reason, now=now)
        await session.execute(statement)


async def end_client_session(session: AsyncSession, client: UUID, sid: UUID, *, now: datetime) -> None:
    """End the one token of a client that carries this session id."""
    await _remember(session, [client], reason="logout", now=now, only=sid)


async def revoke_account(session: AsyncSession, account: UUID, *, reason: RevocationReason, now: datetime) -> None:
    """Make the account's tokens so far worthless; its sessions may go on with new ones."""
    await session.execute(select(Account.id).where(Account.id == account).with_for_update(key_share=True))
    await _remember(session, [account], reason=reason, now=now)


async def revoke_client(session: AsyncSession, client: UUID, *, reason: RevocationReason, now: datetime) -> None:
    """Make the client's tokens so far worthless."""
    await session.execute(select(ApiClient.id).where(ApiClient.id == client).with_for_update(key_share=True))
    await _remember(session, [client], reason=reason, now=now)


async def revoke_holders(session: AsyncSession, organisations: Collection[UUID], *, now: datetime) -> None:
    """Make the tokens of everybody who holds a role at these organisations worthless: they have ended or end today."""
    # The one who ends a body need not be allowed to see everybody who holds a role there.
    holders = [row[0] for row in await fetch(session, "SELECT hold_holders($1::uuid[])", list(organisations))]
    if holders:
        await _remember(session, holders, reason="organisation_ended", now=now)


async def forget_revocations(session: AsyncSession, now: datetime) -> None:
    """Delete the revocations whose tokens have all died by themselves."""
    await session.execute(delete(Revocation).where(Revocation.expires_at < now))


async def _remember(
    session: AsyncSession,
    subjects: Collection[UUID],
    *,
    reason: RevocationReason,
    now: datetime,
    only: UUID | None = None,
) -> None:
    # Not the beginning of the request: until the locks were had, tokens with the old roles could still be issued.
    moment = func.greatest(now, func.clock_timestamp())
    made = insert(Revocation).values(
        [
            {
                "subject_id": subject,
                "session_id": only,
                "revoked_at": moment,
                "reason": reason,
                "expires_at": moment + REMEMBERED,
            }
            for subject in subjects
        ]
    )
    newer = {name: made.excluded[name] for name in ("revoked_at", "reason", "expires_at", "transaction_id")}
    await session.execute(made.on_conflict_do_update(constraint="uq_revocation_whose", set_=newer))
