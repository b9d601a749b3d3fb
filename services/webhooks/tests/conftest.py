"""Webhooks against real engines: a migrated database a test, a receiver on loopback, tokens of a test key."""

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute

from devstack.credentials import new_signing_key
from devstack.engines import Engines
from devstack.testing import Issuer, fresh_database, migrated_engines, new_secrets, tell_complete, tell_facts
from servicekit import migrations
from servicekit.web import running
from webhooks.app import SERVICE, create_app
from webhooks.settings import WebhooksSettings

BASE = "/api/v1/webhooks"
OURS, CHILD, OTHERS = UUID(int=1), UUID(int=2), UUID(int=3)
ISSUER = Issuer()
OPERATIONS = tuple(
    route.operation_id
    for router in SERVICE.routers
    for route in router.routes
    if isinstance(route, APIRoute) and route.operation_id
)
"""The scopes of a client that may call everything here its role allows."""


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with migrated_engines("webhooks") as started:
        assert migrations.check_drift("webhooks", started.databases["webhooks_migrated"].owner_url) == []
        yield started


class Receiver:
    """Answers as the test wishes and remembers every call."""

    def __init__(self) -> None:
        self.calls: list[SimpleNamespace] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.wait = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.calls.append(SimpleNamespace(path=self.path, headers=headers, body=body))
                time.sleep(receiver.wait)
                status, extra, answer = receiver.answers.pop(0) if receiver.answers else (204, {}, b"")
                self.send_response(status)
                for name, value in {**extra, "content-length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    Thread(target=one.server.serve_forever, daemon=True).start()
    yield one
    one.server.shutdown()
    one.server.server_close()


def token(organisation: UUID = OURS, role: str = "integrating_system") -> dict[str, str]:
    return {"Authorization": f"Bearer {ISSUER.token((role, organisation), kind='client', scopes=OPERATIONS)}"}


@pytest.fixture
async def service(engines: Engines, receiver: Receiver) -> AsyncIterator[SimpleNamespace]:
    """The running application without its worker: tests tick the line themselves."""
    async with fresh_database(engines, "webhooks") as made:
        settings = WebhooksSettings(
            **new_secrets(),
            service_port=8005,
            database_url=made.app_url,
            nats_url=engines.nats_url("webhooks"),
            signing_key=new_signing_key(),
            allowed_targets=f"127.0.0.1:{receiver.port}",
            retry_time_scale=0.001,
        )
        app = create_app(settings)
        runtime = app.state.runtime
        runtime.verifier = ISSUER.verifier()
        async with runtime.database.write() as session:
            now = datetime.now(UTC)
            paths = ((OURS, [OURS]), (CHILD, [OURS, CHILD]), (OTHERS, [OTHERS]))
            facts = [{"kind": "organisation", "id": one, "path": path, "data": {}} for one, path in paths]
            await tell_facts(session, facts, now)
            await tell_complete(session, ["organisation"], now)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            running(runtime, with_worker=False),
            httpx.AsyncClient(transport=transport, base_url=f"http://test{BASE}") as client,
        ):
            yield SimpleNamespace(
                client=client, runtime=runtime, receiver=receiver, made=made, token=token, key=key, register=register
            )


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


async def register(service: SimpleNamespace, **changes: Any) -> Any:
    body = {
        "url": service.receiver.url,
        "description": "Hệ thống một cửa",
        "event_types": [],
        "owner_organisation_id": str(OURS),
        **changes,
    }
    response = await service.client.post("/endpoints", json=body, headers={**token(), **key()})
    assert response.status_code == 201, response.text
    return response.json()
