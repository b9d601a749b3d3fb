"""Routes of the delivery log."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.encryption import Keyring, open_
from servicekit.etags import set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import Page, PageQuery
from servicekit.routes import answers, new_router
from webhooks import queries
from webhooks.actions.resend_delivery import Delivery, resend_delivery
from webhooks.api.access import Keys, Owner
from webhooks.api.models import AttemptView, DeliveryDetail, DeliveryView, FilterEntry, NewDelivery
from webhooks.domain.endpoint_steps import OWNERS
from webhooks.domain.errors import StillRunning

router = new_router("webhooks", "deliveries")


@router.get("/endpoints/{endpoint_id}/deliveries", response_model=Page[DeliveryView])
async def list_deliveries(
    endpoint_id: UUID,
    session: ReadSession,
    actor: Owner,
    page: PageQuery,
    status: Literal["pending", "delivered", "failed"] | None = None,
    event_type: Annotated[FilterEntry | None, Query(alias="type")] = None,
) -> Page[DeliveryView]:
    """List what was sent or waits, newest first."""
    window = page.window(f"deliveries/{endpoint_id}", {"status": status, "type": event_type})
    await queries.one_endpoint(session, endpoint_id, actor.organisations(*OWNERS))
    rows = await queries.deliveries(session, window, endpoint_id, status, event_type)
    return window.page(
        rows,
        position=lambda row: (row[0].id,),
        item=lambda row: DeliveryView.model_validate(_fields(row[0], row[1], row[2], row[3])),
    )


@router.get("/deliveries/{delivery_id}", response_model=DeliveryDetail)
async def one_delivery(
    delivery_id: UUID, session: ReadSession, actor: Owner, keyring: Keys, response: Response
) -> DeliveryDetail:
    """Return one delivery with what was sent and every try."""
    delivery, message, tries = await queries.one_delivery(session, delivery_id, actor.organisations(*OWNERS))
    set_etag(response, delivery.version)
    shown = [
        AttemptView(
            at=one.at,
            milliseconds=one.milliseconds,
            status_code=one.status_code,
            error=one.error,
            response_start=_open(keyring, delivery.id, one.response_sealed),
        )
        for one in tries
    ]
    fields = _fields(delivery, message.type, message.subject, message.sequence)
    return DeliveryDetail.model_validate({**fields, "body": json.loads(message.body), "tries": shown})


@router.post(
    "/deliveries/{delivery_id}/resend",
    status_code=202,
    dependencies=[Idempotent],
    response_model=NewDelivery,
    **answers(StillRunning),
)
async def resend(delivery_id: UUID, session: WriteSession, actor: Owner, now: Now) -> NewDelivery:
    """Send the same event again, with the same id and the same bytes."""
    return NewDelivery(delivery_id=await resend_delivery(session, delivery_id, actor=actor, now=now))


def _fields(delivery: Delivery, event_type: str, subject: UUID, sequence: int) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "event_id": delivery.message_id,
        "event_type": event_type,
        "subject": subject,
        "sequence": sequence,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at if delivery.status == "pending" else None,
        "settled_at": delivery.settled_at,
        "resend_of": delivery.resend_of,
    }


def _open(keyring: Keyring, delivery_id: UUID, sealed: bytes | None) -> str | None:
    return open_(keyring, sealed, f"attempt.response/{delivery_id}") if sealed is not None else None
