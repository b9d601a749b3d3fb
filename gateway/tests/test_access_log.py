"""What the log says about a request, and what it must never say."""

import asyncio
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.access_log import AccessLog
from gateway.routing import Routes
from gateway.settings import GatewaySettings


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if '"event":"request"' in line]


async def test_the_log_has_templates_and_no_path_query_or_token(
    start_door: Any, backend: Any, tmp_path: Any, signer: Any
) -> None:
    token = signer.token()
    async with start_door(backend, tmp_path) as door, httpx.AsyncClient(base_url=door.url) as client:
        await client.get("/api/v1/registry/units/canary-1?phone=0900canary", headers={"X-Note": "canary-2"})
        await client.get("/api/v1/oversight/cases/canary-3", headers={"Authorization": f"Bearer {token}"})
        await client.get("/api/v1/registry/me?canary-4=1", headers={"Authorization": "Bearer canary-5"})
        await client.get("/api/v1/nothing/canary-6")
        await client.get("/api/v1/registry/%zzcanary-7")
        await client.post("/api/v1/feedback/submissions", json={"text": "canary-8"}, headers={"User-Agent": "canary-9"})
    text = door.log.read_text()
    assert "canary" not in text
    assert token not in text
    written = lines(door.log)
    assert [line["status"] for line in written if line["route"].startswith("/api/v1/registry/units")] == [200]
    assert {line["route"] for line in written} >= {"/api/v1/registry/units/*", "/api/v1/oversight/*", "-"}
    assert [line["status"] for line in written if line["route"] == "-"] == [404, 400]
    first = written[0]
    assert re.fullmatch(r"[0-9a-f]{32}", first["request_id"])
    assert [("client" in line, line["status"]) for line in written] == [
        (False, 200), (True, 200), (True, 401), (True, 404), (True, 400), (False, 200),
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])


@pytest.mark.parametrize("path", ["submissions", "uploads", "tracking/lookup"])
async def test_anonymous_routes_leave_no_address_no_agent_and_no_exact_time(
    start_door: Any, backend: Any, tmp_path: Any, path: str
) -> None:
    agent = "Mozilla/5.0 (canary)"
    async with start_door(backend, tmp_path) as door, httpx.AsyncClient(base_url=door.url) as client:
        response = await client.post(f"/api/v1/feedback/{path}", content=b"{}", headers={"User-Agent": agent})
        assert response.status_code == 200
        await asyncio.sleep(0.5)
        early = lines(door.log)
    if time.time() % 60 > 2:  # unless a minute ended just now
        assert early == []  # it waits for the end of its minute, so its place in the log tells nothing
    assert agent not in door.log.read_text()
    (line,) = lines(door.log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", line["time"])
    assert set(line) == {"time", "level", "event", "method", "service", "route", "upstream", "status"}
    assert "127.0.0.1" not in json.dumps(line)


async def test_anonymous_lines_leave_shuffled() -> None:
    out = io.StringIO()
    log = AccessLog(out)
    settings = GatewaySettings.model_validate(
        {"deployment": "test", "registry_url": "http://127.0.0.1:1", "client_secret": "unused"}
    )
    route = Routes(settings).match("POST", "/api/v1/feedback/submissions")
    for number in range(200):  # the status stands in for an id, which these lines do not have
        log.note("POST", route, number, "0" * 32, "10.0.0.1", seconds=0.01)
    log.close()
    order = [json.loads(line)["status"] for line in out.getvalue().splitlines()]
    assert sorted(order) == list(range(200))
    assert order != sorted(order)


async def test_other_lines_do_not_wait_for_anonymous_ones() -> None:
    out = io.StringIO()
    log = AccessLog(out)
    routes = Routes(
        GatewaySettings.model_validate(
            {"deployment": "test", "registry_url": "http://127.0.0.1:1", "client_secret": "unused"}
        )
    )
    log.note("POST", routes.match("POST", "/api/v1/feedback/submissions"), 201, "0" * 32, "", seconds=0.01)
    await asyncio.sleep(0.3)
    log.note("GET", routes.match("GET", "/api/v1/registry/me"), 200, "1" * 32, "", seconds=0.01)
    await asyncio.sleep(0.4)
    assert '"status":200' in out.getvalue()
    log.close()
    assert '"status":201' in out.getvalue()
