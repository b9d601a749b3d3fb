"""End sessions and tell every service that earlier tokens are no good."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.publish import RevocationReason
from registry.tables import Account, ApiClient, SignInSession
from servicekit.outbox import record


async def end_sessions(
    session: AsyncSession, account: UUID, *, reason: RevocationReason, now: datetime, only: UUID | None = None
) -> None:
    """End one session of an account, or all, and publish the revocation."""
    statement = (
        update(SignInSession)
        .where(SignInSession.account_id == account, SignInSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )
    await session.execute(statement.where(SignInSession.id == only) if only else statement)
    await revoke_account(session, account, reason=reason, now=now)


async def revoke_account(session: AsyncSession, account: UUID, *, reason: RevocationReason, now: datetime) -> None:
    """Publish that the account's tokens so far are no good; its sessions may go on with new ones."""
    number = (
        await session.execute(
            update(Account)
            .where(Account.id == account)
            .values(revocations=Account.revocations + 1, revoked_at=now)
            .returning(Account.revocations)
        )
    ).scalar_one()
    await record(session, event=publish.access_revoked(account, number, reason), now=now)


async def revoke_client(session: AsyncSession, client: UUID, *, reason: RevocationReason, now: datetime) -> None:
    """Publish that the client's tokens so far are no good."""
    number = (
        await session.execute(
            update(ApiClient)
            .where(ApiClient.id == client)
            .values(revocations=ApiClient.revocations + 1, revoked_at=now)
            .returning(ApiClient.revocations)
        )
    ).scalar_one()
    await record(session, event=publish.access_revoked(client, number, reason), now=now)
