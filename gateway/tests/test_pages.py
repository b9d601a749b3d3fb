"""The pages of the door itself: documents, health, settings; and the table of routes."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastapi_offline
import httpx
import pytest
from pydantic import ValidationError

import gateway
from gateway.openapi import join
from gateway.routing import Access, Routes
from gateway.settings import SERVICES, GatewaySettings

OUTSIDE = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)


def settings(**changes: Any) -> GatewaySettings:
    needed = {"deployment": "test", "registry_url": "http://127.0.0.1:1", "client_secret": "unused"}
    return GatewaySettings.model_validate(needed | changes)


async def test_the_docs_page_loads_nothing_from_outside(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert 'lang="vi"' in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert "'unsafe-eval'" not in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(address.startswith("/") or address == "data:," for address in loaded)
    assert not OUTSIDE.search(page.text)
    assert "<script>" not in page.text
    for address in loaded:
        if address.startswith("/docs/"):
            asset = await client.get(address)
            assert asset.status_code == 200
            if "/assets/" in address:
                assert not OUTSIDE.search(asset.text)
            elif address.endswith(".css"):
                assert not re.search(r"@import|url\(\s*[\"']?https?:", asset.text)
    assert (await client.get("/")).headers["location"] == "/docs"


def test_the_test_for_outside_addresses_bites() -> None:
    assert OUTSIDE.search('<script src="https://cdn.jsdelivr.net/x.js">')
    assert OUTSIDE.search('<img src="//fastapi.tiangolo.com/x.png">')
    assert (Path(fastapi_offline.__file__).parent / "static" / "swagger-ui-bundle.js").is_file()


def document(service: str, **extra: Any) -> dict[str, Any]:
    pet = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Item"}}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}}
    path = f"/api/v1/{service}/items"
    return {
        "openapi": "3.1.0",
        "paths": {
            path: {
                "get": {
                    "operationId": f"{service}.list",
                    "tags": ["items"],
                    "responses": {"200": {"description": "ok", **body}},
                },
                "post": {
                    "operationId": f"{service}.add",
                    "requestBody": body,
                    "responses": {"401": {"description": "own"}},
                },
            },
            "/metrics": {"get": {"responses": {}}},
            "/api/v1/another/items": {"get": {"responses": {}}},
        },
        "components": {
            "schemas": {"Item": pet, "Problem": {"type": "object"}},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    } | extra


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for item in node for found in references(item)] if isinstance(node, list) else []


def test_joined_documents_do_not_clash() -> None:
    both = {name: ("current", document(name)) for name in ("registry", "targets")}
    joined = join(both | {"feedback": ("missing", None)}, Routes(settings()))
    assert sorted(joined["paths"]) == ["/api/v1/registry/items", "/api/v1/targets/items"]
    assert {"registry.Item", "targets.Item", "Problem"} == set(joined["components"]["schemas"])
    for reference in references(joined):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in joined["components"][kind]
    listing = joined["paths"]["/api/v1/targets/items"]["get"]
    assert listing["operationId"] == "targets.list"
    assert listing["tags"] == ["targets: items"]
    assert listing["security"] == [{"token": []}]
    assert {"400", "401", "429", "502", "503", "504"} <= set(listing["responses"])
    adding = joined["paths"]["/api/v1/targets/items"]["post"]
    assert adding["responses"]["401"] == {"description": "own"}
    assert {"413", "415"} <= set(adding["responses"])
    assert joined["x-services"] == {"registry": "current", "targets": "current", "feedback": "missing"}
    assert "feedback" in joined["info"]["description"]
    used = {tag for path in joined["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert used <= {tag["name"] for tag in joined["tags"]}


def test_discriminators_follow_their_schemas() -> None:
    chosen = {"oneOf": [], "discriminator": {"propertyName": "kind", "mapping": {"a": "#/components/schemas/Item"}}}
    extra = document("registry", components={"schemas": {"Item": {}, "Choice": chosen}})
    joined = join({"registry": ("current", extra)}, Routes(settings()))
    mapping = joined["components"]["schemas"]["registry.Choice"]["discriminator"]["mapping"]
    assert mapping == {"a": "#/components/schemas/registry.Item"}


async def test_the_joined_document_survives_a_missing_service(
    start_door: Any, backend: Any, reply: Any, tmp_path: Any
) -> None:
    @backend.on("/openapi.json")
    async def _(request: Any) -> bytes:
        return reply(json.dumps(document("registry")).encode())  # type: ignore[no-any-return]

    async with start_door(backend, tmp_path, WEBHOOKS_URL="http://127.0.0.1:9", SERVICES="{}") as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            response = await client.get("/openapi.json")
            assert response.status_code == 200
            assert response.json()["x-services"]["webhooks"] == "missing"
            assert response.json()["x-services"]["registry"] == "current"
            again = await client.get("/openapi.json", headers={"If-None-Match": response.headers["etag"]})
            assert again.status_code == 304


async def test_health_says_what_the_services_say(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    said = {"ok": (200, "up"), "degraded": (503, "degraded"), "down": (503, "down"), "great": (503, "down")}
    for word, (status, state) in said.items():

        @backend.on("/readyz")
        async def _(request: Any, word: str = word) -> bytes:
            line = "503 Service Unavailable" if word == "down" else "200 OK"
            return reply(json.dumps({"status": word}).encode(), status=line)  # type: ignore[no-any-return]

        await asyncio.sleep(1.05)  # the last answer may be a second old
        response = await client.get("/healthz")
        assert response.status_code == status
        assert response.json()["status"] == state
        assert set(response.json()["services"]) == set(SERVICES)
        assert {each["status"] for each in response.json()["services"].values()} == {state}
        assert set(response.json()["text"]) == {"vi", "en"}
    assert (await client.get("/livez")).text == "ok"
    assert (await client.get("/readyz")).json()["ready"] is True


async def test_health_of_silent_and_absent_services(start_door: Any, backend: Any, tmp_path: Any) -> None:
    @backend.on("/readyz")
    async def _(request: Any) -> None:
        await asyncio.sleep(6)

    silent = {"TARGETS_URL": f"http://127.0.0.1:{backend.port}"}
    async with start_door(backend, tmp_path, SERVICES="{}", **silent) as door:
        async with httpx.AsyncClient(base_url=door.url, timeout=10) as client:
            answers = await asyncio.gather(*(client.get("/healthz") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {503}
    assert {each["status"] for each in answers[0].json()["services"].values()} == {"down"}
    assert sum(b"readyz" in request.line for request in backend.requests) <= 4  # asked once for all twenty


async def test_metrics_are_for_direct_neighbours_only(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/registry/units/canary-31147")
    text = (await client.get("/metrics")).text
    assert 'http_route="/api/v1/registry/units/*"' in text
    assert "canary" not in text
    assert (await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 404


def test_only_the_listed_paths_are_public() -> None:
    routes = Routes(settings())
    public = [
        ("POST", "/api/v1/registry/tokens"), ("GET", "/api/v1/registry/jwks.json"), ("GET", "/api/v1/registry/units"),
        ("GET", "/api/v1/registry/units/x/succession"), ("GET", "/api/v1/registry/codes/31147"),
        ("GET", "/api/v1/registry/organisations"), ("HEAD", "/api/v1/registry/calendar"),
        ("GET", "/api/v1/registry/deadline-rules"), ("GET", "/api/v1/registry/instruments/x"),
        ("POST", "/api/v1/feedback/submissions"), ("POST", "/api/v1/feedback/uploads"),
        ("POST", "/api/v1/feedback/tracking/lookup"), ("GET", "/api/v1/feedback/receipt-key.json"),
        ("GET", "/api/v1/webhooks/public-keys.json"), ("POST", "/api/v1/feedback/tracking"),
    ]  # fmt: skip
    closed = [
        ("GET", "/api/v1/registry/tokens"), ("POST", "/api/v1/registry/units"), ("PUT", "/api/v1/registry/calendar/x"),
        ("POST", "/api/v1/registry/deadline-rules"), ("GET", "/api/v1/registry/reference"),
        ("GET", "/api/v1/registry/me"), ("GET", "/api/v1/feedback/submissions"), ("GET", "/api/v1/targets/x"),
        ("POST", "/api/v1/feedback/submissions/x/accept"), ("POST", "/api/v1/registry/tokens/x"),
        ("GET", "/api/v1/registry/unitsx"), ("GET", "/api/v1/webhooks/endpoints"), ("OPTIONS", "/api/v1/registry/me"),
    ]  # fmt: skip
    for method, path in public + closed:
        route = routes.match(method, path)
        assert route is not None
        assert (route.access is Access.PUBLIC) == ((method, path) in public), (method, path)
    for path in ("/api/v1/unknown/x", "/api/v1/registry", "/api/v1", "/api/v2/registry/x", "/apix/v1/registry/x"):
        assert routes.match("GET", path) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"allowed_hosts": "*"}, {"allowed_hosts": ""}, {"services": {"other": "http://x"}}, {"deployment": "A B"},
        {"trusted_edges": "everywhere"}, {"registry_url": "127.0.0.1"}, {"workers": 0},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


def test_check_prints_the_effective_table_and_fails_on_nonsense() -> None:
    environment = os.environ | {
        "DEPLOYMENT": "test",
        "REGISTRY_URL": "http://127.0.0.1:8001",
        "CLIENT_SECRET": "unused",
    }
    command = [sys.executable, "-m", "gateway", "check"]
    fine = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert fine.returncode == 0
    assert "/api/v1/feedback/tracking/*" in fine.stdout
    broken = subprocess.run(command, env=environment | {"RATE_LIMITS": '{"x":"1/1"}'}, capture_output=True, timeout=30)
    assert broken.returncode != 0


def test_the_gateway_knows_no_database_no_events_and_no_service() -> None:
    code = "import gateway.app, gateway.__main__, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    modules = set(loaded.stdout.split())
    for forbidden in ("sqlalchemy", "asyncpg", "nats", "contracts", "aiohttp", "httpx", *SERVICES):
        assert forbidden not in modules, forbidden
    assert gateway.__doc__
