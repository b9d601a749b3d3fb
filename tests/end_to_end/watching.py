"""Somebody who looks into a service's audit after each change that the gateway answered."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from devstack.stack import Stack
from servicekit.row_scope import HOUSE_SUFFIX

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
TRACKING = "/feedback/tracking"
READS_OR_KEEPS_NOTHING = {
    TRACKING,
    f"{TRACKING}/receipt",
    f"{TRACKING}/deadline",
    f"{TRACKING}/attachment",
    "/feedback/receipts/verify",
    "/feedback/uploads",
    "/registry/me/totp",  # a secret that waits; its confirmation is audited
}
SAYS_WHO = {"/registry/tokens", "/registry/passwords"}
"""Called without a token by somebody whom the body tells."""


@dataclass
class Witness:
    """Looks into the audit after each change."""

    stack: Stack
    silent: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    """Method and whole path of each change that was told."""
    last: dict[str, set[Any]] = field(default_factory=dict)

    async def entries(self, service: str) -> dict[Any, Any]:
        role = service + HOUSE_SUFFIX  # requests cannot read the audit
        connection = await asyncpg.connect(self.stack.dsn(service), server_settings={"role": role})
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
        if actor in {str(one) if one else None for one in fresh} or (path in SAYS_WHO and fresh):
            self.told.add(f"{request.method} {step}")
            self.paths.add(f"{request.method} {path}")
        else:
            self.silent.append(f"{request.method} {step}")


def subject(authorization: str | None) -> str | None:
    if authorization is None:
        return None
    payload = authorization.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


@asynccontextmanager
async def watched(patch: pytest.MonkeyPatch, **settings: str) -> AsyncIterator[Witness]:
    """A stack of its own, each of whose changes is followed by a look into the audit."""
    async with Stack(extra_env=settings) as stack:
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

        patch.setattr(httpx.AsyncClient, "request", request)
        yield made
