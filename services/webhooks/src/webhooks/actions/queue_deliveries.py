"""An event arrived: keep its bytes once and put one delivery in line for each endpoint that wants it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Text, bindparam, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.events import Event, encode
from servicekit.identity import Actor
from webhooks.domain.endpoint_steps import ACTIVE
from webhooks.domain.event_filters import patterns
from webhooks.tables import Delivery, Endpoint, Message


async def queue_deliveries(session: AsyncSession, event: Event, now: datetime) -> None:
    """Write the message and its deliveries (two statements)."""
    await _keep(session, event, now)
    wanted = bindparam("patterns", patterns(event.type), type_=ARRAY(Text))
    matching = select(Endpoint.id, literal(event.id), literal(now)).where(
        Endpoint.status == ACTIVE, (func.cardinality(Endpoint.filters) == 0) | Endpoint.filters.overlap(wanted)
    )
    await session.execute(
        upsert(Delivery)
        .from_select(["endpoint_id", "message_id", "next_attempt_at"], matching)
        .on_conflict_do_nothing()
    )


async def queue_test(session: AsyncSession, endpoint_id: UUID, event: Event, *, actor: Actor, now: datetime) -> UUID:
    """Put one test message in line for one endpoint and return the delivery's id."""
    await _keep(session, event, now)
    delivery_id = uuid4()
    await session.execute(
        insert(Delivery).values(id=delivery_id, endpoint_id=endpoint_id, message_id=event.id, next_attempt_at=now)
    )
    await audit.write(
        session,
        action="endpoint.tested",
        subject_type="endpoint",
        subject_id=endpoint_id,
        actor=actor,
        now=now,
        details={"delivery": delivery_id},
    )
    return delivery_id


async def _keep(session: AsyncSession, event: Event, now: datetime) -> None:
    values = {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "body": encode(event),
        "received_at": now,
    }
    await session.execute(upsert(Message).values(values).on_conflict_do_nothing())
