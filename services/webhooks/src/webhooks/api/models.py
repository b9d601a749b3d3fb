"""What the routes take and answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from servicekit.text import Answer, ApiModel, SafeLine, Text, Uuid

Url = Annotated[str, Text(max_length=2000)]
FilterEntry = Annotated[str, Text(max_length=100)]


class NewEndpoint(ApiModel):
    """Where to send; an empty filter list means every event that may leave."""

    url: Url
    description: SafeLine
    event_types: list[FilterEntry] = Field(default_factory=list, max_length=100)
    owner_organisation_id: Uuid


class EndpointChange(ApiModel):
    """The parts to change; what is left out stays."""

    url: Url | None = None
    description: SafeLine | None = None
    event_types: list[FilterEntry] | None = Field(default=None, max_length=100)


class EndpointView(Answer):
    """An endpoint without its secret."""

    id: UUID
    owner_organisation_id: UUID
    url: str
    description: str
    event_types: list[str]
    status: str
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime
    version: int
    available_actions: list[str]


class EndpointWithSecret(EndpointView):
    """Shown once, when the secret is made."""

    secret: str


class DeliveryView(Answer):
    """One delivery and where it stands."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    subject: UUID
    sequence: int
    status: str
    attempts: int
    next_attempt_at: datetime | None
    settled_at: datetime | None
    resend_of: UUID | None


class AttemptView(Answer):
    """One try."""

    at: datetime
    milliseconds: int
    status_code: int | None
    error: str | None
    response_start: str | None


class DeliveryDetail(DeliveryView):
    """A delivery with its body and every try."""

    body: Any
    tries: list[AttemptView]


class NewDelivery(Answer):
    """The delivery that was put in line."""

    delivery_id: UUID


class EventTypeView(Answer):
    """One event type with the schema of its `data`."""

    type: str
    description: str
    data_schema: dict[str, Any]
