"""What sign-in and authorisation need to know: accounts, clients, grants, who administers what."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import Account, ApiClient, Organisation, RoleGrant
from servicekit.identity import Grant


def stands_on(thing: Any, day: date) -> ColumnElement[bool]:
    """Return the condition that a table's span (`valid_from` to `valid_to`, both included) holds this day."""
    condition: ColumnElement[bool] = and_(thing.valid_from <= day, or_(thing.valid_to.is_(None), thing.valid_to >= day))
    return condition


async def grants_on(session: AsyncSession, holder: UUID, day: date) -> list[Grant]:
    """Return the roles an account or client holds on a day, at organisations that stand on it (one statement)."""
    statement = (
        select(RoleGrant.role, RoleGrant.organisation_id)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(
            or_(RoleGrant.account_id == holder, RoleGrant.api_client_id == holder),
            RoleGrant.ended_at.is_(None),
            stands_on(RoleGrant, day),
            stands_on(Organisation, day),
        )
        .order_by(RoleGrant.role, RoleGrant.organisation_id)
    )
    return [Grant(row.role, row.organisation_id) for row in await session.execute(statement)]


async def account_named(session: AsyncSession, username: str) -> Account | None:
    """Return the account with this name."""
    return (await session.scalars(select(Account).where(Account.username == username))).one_or_none()


async def client_named(session: AsyncSession, client_id: str) -> ApiClient | None:
    """Return the client with this id."""
    return (await session.scalars(select(ApiClient).where(ApiClient.client_id == client_id))).one_or_none()


async def revocations(session: AsyncSession, since: datetime) -> dict[UUID, datetime]:
    """Return whose tokens were declared no good after `since`, and when (one statement)."""
    found = union_all(
        select(Account.id, Account.revoked_at).where(Account.revoked_at > since),
        select(ApiClient.id, ApiClient.revoked_at).where(ApiClient.revoked_at > since),
    )
    return {row.id: row.revoked_at for row in await session.execute(found)}
