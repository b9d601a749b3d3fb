"""Facts of this service as events."""

from typing import Literal
from uuid import UUID

from contracts.webhooks_v1 import EndpointDisabled, EndpointEnabled
from servicekit.outbox import EventDraft

Reason = Literal["gone", "failing", "owner"]


def endpoint_enabled(endpoint_id: UUID, sequence: int) -> EventDraft:
    """Deliveries began or began again."""
    data = EndpointEnabled().model_dump(mode="json")
    return EventDraft(type="webhooks.endpoint.enabled.v1", subject=endpoint_id, sequence=sequence, data=data)


def endpoint_disabled(endpoint_id: UUID, sequence: int, reason: Reason) -> EventDraft:
    """Deliveries stopped."""
    data = EndpointDisabled(reason=reason).model_dump(mode="json")
    return EventDraft(type="webhooks.endpoint.disabled.v1", subject=endpoint_id, sequence=sequence, data=data)
