"""Send a delivery again: the same event, the same bytes and id, a new line in the log."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.identity import Actor
from webhooks import queries
from webhooks.domain.endpoint_steps import OWNERS
from webhooks.domain.errors import StillRunning
from webhooks.tables import Delivery as Delivery


async def resend_delivery(session: AsyncSession, delivery_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """Put the delivery's message in line again and return the new delivery. Raises NotFound or StillRunning."""
    delivery, _, _ = await queries.one_delivery(session, delivery_id, actor.organisations(*OWNERS))
    if delivery.status == "pending":
        raise StillRunning
    again = uuid4()
    await session.execute(
        insert(Delivery).values(
            id=again,
            endpoint_id=delivery.endpoint_id,
            message_id=delivery.message_id,
            next_attempt_at=now,
            resend_of=delivery.id,
        )
    )
    await audit.write(
        session,
        action="delivery.resent",
        subject_type="delivery",
        subject_id=delivery_id,
        actor=actor,
        now=now,
        details={"new_delivery_id": str(again)},
    )
    return again
