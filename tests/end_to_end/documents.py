"""The joined OpenAPI document as tests need it: with every service in it."""

from typing import Any

import httpx

from devstack.demo.client import eventually


async def joined_document(raw: httpx.AsyncClient) -> dict[str, Any]:
    """Return the gateway's document once no service is missing; one that was slow to answer is asked again."""

    async def whole() -> dict[str, Any] | None:
        found: dict[str, Any] = (await raw.get("/openapi.json")).raise_for_status().json()
        return found if set(found["x-services"].values()) == {"current"} else None

    found: dict[str, Any] = await eventually("every service is in the joined document", whole)
    return found
