"""Reads of the webhooks service."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.pages import Window
from servicekit.reference import within
from servicekit.tables import reference
from webhooks.domain.endpoint_steps import DELETED
from webhooks.tables import Attempt, Delivery, Endpoint, Message


def visible(organisations: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition for endpoints owned by these organisations or by one below them."""
    return within(Endpoint.owner_organisation_id, organisations) & (Endpoint.status != DELETED)


async def one_endpoint(session: AsyncSession, endpoint_id: UUID, organisations: Collection[UUID]) -> Endpoint:
    """Return a visible endpoint. Raises NotFound."""
    found = select(Endpoint).where(Endpoint.id == endpoint_id, visible(organisations))
    endpoint = (await session.execute(found)).scalar_one_or_none()
    if endpoint is None:
        raise NotFound
    return endpoint


async def endpoints(session: AsyncSession, window: Window, organisations: Collection[UUID]) -> Sequence[Endpoint]:
    """Return a page of visible endpoints, oldest first."""
    found = window.select(select(Endpoint).where(visible(organisations)), [Endpoint.created_at, Endpoint.id])
    return (await session.execute(found)).scalars().all()


async def deliveries(
    session: AsyncSession, window: Window, endpoint_id: UUID, status: str | None, event_type: str | None
) -> Sequence[Row[Delivery, str, UUID, int]]:
    """Return a page of an endpoint's deliveries, newest first, each with its event's type, subject and sequence."""
    found = select(Delivery, Message.type, Message.subject, Message.sequence).join(Message)
    found = found.where(Delivery.endpoint_id == endpoint_id)
    if status is not None:
        found = found.where(Delivery.status == status)
    if event_type is not None:
        found = found.where(Message.type == event_type)
    return (await session.execute(window.select(found, [Delivery.id], descending=True))).all()


async def one_delivery(
    session: AsyncSession, delivery_id: UUID, organisations: Collection[UUID]
) -> tuple[Delivery, Message, Sequence[Attempt]]:
    """Return a visible delivery with its message and attempts (one statement). Raises NotFound."""
    found = (
        select(Delivery, Message, Attempt)
        .join(Message)
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .outerjoin(Attempt, Attempt.delivery_id == Delivery.id)
        .where(Delivery.id == delivery_id, visible(organisations))
        .order_by(Attempt.id)
    )
    rows = (await session.execute(found)).all()
    if not rows:
        raise NotFound
    return rows[0][0], rows[0][1], [row[2] for row in rows if row[2] is not None]


async def organisation_known(session: AsyncSession, organisation_id: UUID) -> bool:
    """Say whether the registry's copy has this organisation."""
    found = select(reference.c.id).where(reference.c.kind == "organisation", reference.c.id == organisation_id)
    return (await session.execute(found)).one_or_none() is not None
