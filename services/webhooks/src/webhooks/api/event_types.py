"""Routes that anybody may read: which events there are, and the key that proves they are ours."""

from typing import Any

from fastapi import Request

from contracts.catalogue import CATALOGUE
from servicekit.routes import new_router
from servicekit.signatures import public_jwk, public_text
from webhooks.api.models import EventTypeView

router = new_router("webhooks", "event types")


@router.get("/event-types", response_model=list[EventTypeView])
async def event_types() -> list[EventTypeView]:
    """List every event type that may leave, with the JSON schema of its data."""
    return [
        EventTypeView(
            type=event.name,
            description=(event.model.__doc__ or "").strip() + ("" if event.told else "\nNot yet told by any service."),
            data_schema=event.model.model_json_schema(),
        )
        for event in CATALOGUE.values()
        if event.outside
    ]


@router.get("/public-keys.json")
async def public_keys(request: Request) -> dict[str, Any]:
    """Return the Ed25519 key that signs every delivery (v1a of Standard Webhooks), as text and as JWK set."""
    key = request.app.state.runtime.part("public_key")
    return {"standard_webhooks": public_text(key), "keys": [public_jwk(key)]}
