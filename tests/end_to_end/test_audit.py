"""Every successful change leaves an audit row with its actor: the whole journey, watched from outside.

Each answer of the gateway to a POST, PUT, PATCH or DELETE is followed by a look into that service's audit.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from devstack.demo.client import Client
from devstack.demo.main import Steps, journey
from devstack.demo.people import Cast, gather_cast
from devstack.demo.receiver import Receiver
from devstack.stack import Stack

from .conftest import GENEROUS

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
TRACKING = "/feedback/tracking"
READS_OR_KEEPS_NOTHING = {
    TRACKING,
    f"{TRACKING}/receipt",
    f"{TRACKING}/deadline",
    f"{TRACKING}/attachment",
    "/feedback/receipts/verify",
    "/feedback/uploads",
}


@dataclass
class Witness:
    """Looks into the audit after each change."""

    stack: Stack
    silent: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    last: dict[str, set[Any]] = field(default_factory=dict)

    async def entries(self, service: str) -> dict[Any, Any]:
        connection = await asyncpg.connect(self.stack.dsn(service))
        try:
            rows = await connection.fetch("SELECT id, actor_id FROM audit_entry")
        finally:
            await connection.close()
        return {row["id"]: row["actor_id"] for row in rows}

    async def look(self, response: httpx.Response) -> None:
        request = response.request
        if request.method not in WRITING or response.status_code >= 300 or "/api/v1/" not in request.url.path:
            return
        path = request.url.path.removeprefix("/api/v1")
        service = path.split("/")[1]
        if path in READS_OR_KEEPS_NOTHING:
            return
        body = json.loads(request.content) if b"grant_type" in request.content else {}
        if body.get("grant_type") in ("client_credentials", "refresh_token"):
            return  # the next ten minutes of a session or a system; what began it or made it is audited
        entries = await self.entries(service)
        fresh = {entries[one] for one in entries.keys() - self.last.get(service, set())}
        self.last[service] = set(entries)
        step = "/".join(part for part in path.split("/") if len(part) < 30)
        actor = subject(request.headers.get("authorization"))
        if actor in {str(one) if one else None for one in fresh} or (body and fresh):
            self.told.add(f"{request.method} {step}")
        else:
            self.silent.append(f"{request.method} {step}")


def subject(authorization: str | None) -> str | None:
    if authorization is None:
        return None
    payload = authorization.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


@pytest.fixture
async def witness(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Witness, Receiver]]:
    with Receiver() as receiver:
        extra = {
            "RATE_LIMITS": GENEROUS,
            "ALLOWED_TARGETS": f"127.0.0.1:{receiver.port}",
            "ANONYMOUS_EVENT_DELAY_SECONDS": "0",
            "OVERDUE_CHECK_SECONDS": "1",
        }
        async with Stack(extra_env=extra) as stack:
            made = Witness(stack)
            for service in ("registry", "targets", "feedback", "oversight", "webhooks"):
                made.last[service] = set(await made.entries(service))
            real = httpx.AsyncClient.request

            one_by_one = asyncio.Lock()

            async def request(self: httpx.AsyncClient, method: str, url: Any, **options: Any) -> httpx.Response:
                if method not in WRITING:
                    return await real(self, method, url, **options)
                async with one_by_one:  # so that what is new in the audit is of this request
                    response = await real(self, method, url, **options)
                    await made.look(response)
                return response

            monkeypatch.setattr(httpx.AsyncClient, "request", request)
            yield made, receiver


@pytest.mark.timeout(500)
async def test_every_change_of_the_journey_and_of_administration_is_in_the_audit(
    witness: tuple[Witness, Receiver],
) -> None:
    seen, receiver = witness
    nobody = Client(seen.stack.base_url)
    cast = await gather_cast(nobody, seen.stack.admin_password)
    endpoint = await journey(Steps(quiet=True), cast, receiver, "127.0.0.1")
    await administer(cast)
    await look_after(cast, endpoint)
    assert seen.silent == []
    assert len(seen.told) >= 35, sorted(seen.told)


async def administer(cast: Cast) -> None:
    """What an administrator does that the journey does not need."""
    organisation = cast.organisations["front"]
    body = {"username": f"u{secrets.token_hex(4)}", "name": "Người thử", "password": secrets.token_urlsafe(18)}
    made = await cast.admin.post("/registry/accounts", {**body, "organisation_id": organisation, "roles": []})
    path = f"/registry/accounts/{made['id']}"
    role = {"role": "front_officer", "organisation_id": organisation}
    grant = await cast.admin.post(f"{path}/roles", role)
    await cast.admin.refused("DELETE", f"{path}/roles/{grant['id']}", 204, headers={"If-Match": '"1"'})
    await cast.admin.act(path, "lock", {"reason_code": "left_office"})
    await cast.admin.act(path, "unlock")
    password = secrets.token_urlsafe(18)
    await cast.admin.act(path, "password", {"password": password})
    credentials = {"grant_type": "password", "username": body["username"], "password": password}
    person = await cast.nobody.sign_in(credentials, "person")
    await person.post("/registry/sessions/logout", status=204, key=False)
    person = await cast.nobody.sign_in(credentials, "person")
    new = {"current_password": password, "password": secrets.token_urlsafe(18)}
    await person.post("/registry/me/password", new, status=204, key=False)
    client = {"client_id": f"c-{secrets.token_hex(4)}", "name": "Hệ thống", "organisation_id": organisation}
    system = (await cast.admin.post("/registry/clients", {**client, "role": "integrating_system"}))["client"]
    await cast.admin.act(f"/registry/clients/{system['id']}", "rotate")
    await cast.admin.act(f"/registry/clients/{system['id']}", "revoke")
    department = {"name": "Phòng Thử", "parent_id": cast.organisations["committee"], "source": "QĐ thử"}
    added = await cast.admin.post("/registry/organisations", {**department, "valid_from": "2025-07-01"})
    await cast.admin.patch(f"/registry/organisations/{added['id']}", {"name": "Phòng Thử Mới", "source": "QĐ thử"})


async def look_after(cast: Cast, endpoint: str) -> None:
    """What the owner of a webhook endpoint does."""
    system, path = cast.people["system"], f"/webhooks/endpoints/{endpoint}"
    await system.post(f"{path}/test", status=202)
    delivery = (await system.all(f"{path}/deliveries"))[0]
    await system.post(f"/webhooks/deliveries/{delivery['id']}/resend", status=202)
    await system.act(path, "rotate-secret")
    await system.patch(path, {"description": "Mô tả mới"})
    await system.act(path, "disable")
    await system.act(path, "enable")
    _, match = await system.read(path)
    await system.refused("DELETE", path, 204, headers=match)
