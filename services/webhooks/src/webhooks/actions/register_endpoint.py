"""Register an endpoint: another system says where it wants its events."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.encryption import Keyring, seal
from servicekit.identity import Actor
from servicekit.signatures import new_secret
from webhooks import publish, queries
from webhooks.domain.endpoint_steps import ACTIVE, OWNERS
from webhooks.domain.errors import NotYours
from webhooks.domain.event_filters import check_filters
from webhooks.tables import Endpoint as Endpoint


@dataclass(frozen=True)
class Registered:
    """A new endpoint and its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str


def secret_context(endpoint_id: UUID) -> str:
    """Return the place an endpoint's secret is sealed for."""
    return f"endpoint.secret/{endpoint_id}"


async def register_endpoint(
    session: AsyncSession,
    keyring: Keyring,
    *,
    url: str,
    description: str,
    filters: Collection[str],
    owner_organisation_id: UUID,
    known_types: Collection[str],
    actor: Actor,
    now: datetime,
) -> Registered:
    """Store the endpoint with a new secret. Raises NotYours or UnknownEventType."""
    if owner_organisation_id not in actor.organisations(*OWNERS):
        raise NotYours
    if not await queries.organisation_known(session, owner_organisation_id):
        raise NotYours
    endpoint_id, secret = uuid4(), new_secret()
    values = {
        "id": endpoint_id,
        "owner_organisation_id": owner_organisation_id,
        "url": url,
        "description": description,
        "filters": check_filters(filters, known_types),
        "status": ACTIVE,
        "secret_sealed": seal(keyring, secret, secret_context(endpoint_id)),
        "created_at": now,
        "version": 1,
        "sequence": 1,
    }
    endpoint = (await session.execute(insert(Endpoint).values(values).returning(Endpoint))).scalar_one()
    await outbox.record(session, event=publish.endpoint_enabled(endpoint_id, 1), now=now)
    await audit.write(
        session, action="endpoint.registered", subject_type="endpoint", subject_id=endpoint_id, actor=actor, now=now
    )
    return Registered(endpoint, secret)
