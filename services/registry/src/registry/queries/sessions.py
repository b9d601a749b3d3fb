"""Reads of a person's own account and sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.queries.accounts import open_name
from registry.tables import Account, Organisation, SignInSession
from servicekit.encryption import Keyring
from servicekit.errors import Unauthenticated
from servicekit.identity import Actor


async def own_texts(session: AsyncSession, actor: Actor, *, keyring: Keyring) -> tuple[str, ...]:
    """Return the actor's user name (first), name and organisation. Raises Unauthenticated for who has no account."""
    found = (
        await session.execute(
            select(Account, Organisation.name)
            .join(Organisation, Organisation.id == Account.organisation_id)
            .where(Account.id == actor.id)
        )
    ).one_or_none()
    if found is None:
        raise Unauthenticated
    return found.Account.username, open_name(found.Account, keyring), found.name


async def live_sessions(session: AsyncSession, account: UUID, now: datetime) -> Sequence[SignInSession]:
    """Return the sessions of an account that go on, the last used first (one statement)."""
    found = await session.scalars(
        select(SignInSession)
        .where(SignInSession.account_id == account, SignInSession.ended_at.is_(None), SignInSession.expires_at > now)
        .order_by(SignInSession.last_used_at.desc(), SignInSession.id)
    )
    return found.all()
