"""Front-ends on another origin: only listed ones, and the door answers the browser's question itself."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

ORIGIN = "https://gopy.example.vn"
UNITS = "/api/v1/registry/units"
SUBMISSIONS = "/api/v1/feedback/submissions"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, idempotency-key"}


@pytest.fixture(scope="module")
async def front(start_door: Any, backend: Any, tmp_path_factory: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with start_door(
        backend, tmp_path_factory.mktemp("cors"), ALLOWED_ORIGINS=f"{ORIGIN}, http://x.test:1"
    ) as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            yield client


async def test_a_listed_front_end_may_ask_and_read(front: httpx.AsyncClient, backend: Any) -> None:
    asked = await front.options(SUBMISSIONS, headers=ASKS | {"Origin": ORIGIN})
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert {"authorization", "idempotency-key", "if-match"} <= set(
        asked.headers["access-control-allow-headers"].split(", ")
    )
    assert "access-control-allow-credentials" not in asked.headers
    assert backend.requests == []
    answers = [
        await front.get(UNITS, headers={"Origin": ORIGIN}),
        await front.get("/api/v1/registry/me", headers={"Origin": ORIGIN}),
        await front.get("/api/v1/nothing/x", headers={"Origin": ORIGIN}),
    ]
    for answer, status in zip(answers, (200, 401, 404), strict=True):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["vary"] == "Origin"
        assert "ratelimit" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{ORIGIN}.evil.example", "null", ORIGIN.upper(), f"{ORIGIN}:443"]
)
async def test_any_other_origin_gets_no_permission(front: httpx.AsyncClient, origin: str) -> None:
    for response in (
        await front.options(SUBMISSIONS, headers=ASKS | {"Origin": origin}),
        await front.get(UNITS, headers={"Origin": origin}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["vary"] == "Origin"


async def test_by_default_nobody_has_permission(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        assert request.values(b"origin") == []
        return reply(headers=(b"Access-Control-Allow-Origin: *",))  # type: ignore[no-any-return]

    response = await client.get(UNITS, headers={"Origin": ORIGIN})
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]
    asked = await client.options(UNITS, headers=ASKS | {"Origin": ORIGIN})
    assert (asked.status_code, asked.headers["allow"].startswith("GET, HEAD")) == (204, True)
    assert not [name for name in asked.headers if name.startswith("access-control")]


@pytest.mark.parametrize("value", ["*", "gopy.example.vn", "https://gopy.example.vn/", "https://*.example.vn"])
def test_only_exact_origins_can_be_listed(value: str) -> None:
    from pydantic import ValidationError

    from gateway.settings import GatewaySettings

    with pytest.raises(ValidationError, match="ALLOWED_ORIGINS"):
        GatewaySettings.model_validate(
            {"deployment": "test", "registry_url": "http://127.0.0.1:1", "allowed_origins": value}
        )
