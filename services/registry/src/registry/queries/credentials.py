"""What clients prove themselves with."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import ApiClient, ApiClientCredential


def _good(now: datetime) -> ColumnElement[bool]:
    return or_(ApiClientCredential.expires_at.is_(None), ApiClientCredential.expires_at > now)


async def good_credentials(
    session: AsyncSession, clients: Collection[UUID], now: datetime
) -> dict[UUID, list[ApiClientCredential]]:
    """Return the credentials that are good now, newest first, by client (one statement)."""
    found = await session.scalars(
        select(ApiClientCredential)
        .where(ApiClientCredential.api_client_id.in_(clients), _good(now))
        .order_by(ApiClientCredential.created_at.desc(), ApiClientCredential.id)
    )
    by_client: dict[UUID, list[ApiClientCredential]] = {client: [] for client in clients}
    for credential in found:
        by_client[credential.api_client_id].append(credential)
    return by_client


async def client_to_check(
    session: AsyncSession, client_id: str, now: datetime
) -> tuple[ApiClient, list[ApiClientCredential]] | None:
    """Return the active client with this id and its good credentials (one statement); None when there is none.

    The client is held, so that no revocation passes unseen while a token is made.
    """
    found = (
        await session.execute(
            select(ApiClient, ApiClientCredential)
            .join(ApiClientCredential, ApiClientCredential.api_client_id == ApiClient.id)
            .where(ApiClient.client_id == client_id, ApiClient.status == "active", _good(now))
            .with_for_update(read=True, of=ApiClient)
        )
    ).all()
    return (found[0][0], [row[1] for row in found]) if found else None
