"""Webhooks against real engines: a migrated database a test, a receiver on loopback, tokens of a test key."""

import asyncio
import base64
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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import insert

from devstack.engines import Engines
from servicekit import migrations
from servicekit.identity import AUDIENCE, TokenVerifier
from servicekit.tables import reference, reference_source
from servicekit.web import running
from webhooks.app import create_app
from webhooks.settings import WebhooksSettings

BASE = "/api/v1/webhooks"
OURS, CHILD, OTHERS = UUID(int=1), UUID(int=2), UUID(int=3)
TOKEN_KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "test"})
KEY = base64.b64encode(bytes(32)).decode()
PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    started = Engines().start_now()
    try:
        made = asyncio.run(started.create_database("webhooks_migrated", service="webhooks"))
        migrations.upgrade("webhooks", made.owner_url)
        assert migrations.check_drift("webhooks", made.owner_url) == []
        yield started
    finally:
        started.stop_now()


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
    now = int(time.time())
    claims = {
        "iss": "nhipcau/test",
        "aud": AUDIENCE,
        "sub": str(uuid.uuid4()),
        "sid": str(uuid.uuid4()),
        "kind": "client",
        "iat": now,
        "exp": now + 600,
        "grants": [{"role": role, "organisation": str(organisation)}],
    }
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "test"}
    return {"Authorization": f"Bearer {jwt.encode(header, claims, TOKEN_KEY, algorithms=['EdDSA'])}"}


async def keys() -> dict[str, Any]:
    return {"keys": [TOKEN_KEY.as_dict(private=False)]}


@pytest.fixture
async def service(engines: Engines, receiver: Receiver) -> AsyncIterator[SimpleNamespace]:
    """The running application without its worker: tests tick the line themselves."""
    name = f"webhooks_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="webhooks", template="webhooks_migrated")
    settings = WebhooksSettings(
        deployment="test",
        service_port=8005,
        registry_url="http://127.0.0.1:9",
        database_url=made.app_url,
        nats_url=engines.nats_url("webhooks"),
        client_secret="unused",
        keyring=f'{{"current":"k1","keys":{{"k1":"{KEY}"}}}}',
        index_key=KEY,
        signing_key=PEM,
        allowed_targets=f"127.0.0.1:{receiver.port}",
        retry_time_scale=0.001,
    )  # type: ignore[arg-type]
    app = create_app(settings)
    runtime = app.state.runtime
    runtime.verifier = TokenVerifier(keys, issuer="nhipcau/test")
    async with runtime.database.write() as session:
        now = datetime.now(UTC)
        for one, path in ((OURS, [OURS]), (CHILD, [OURS, CHILD]), (OTHERS, [OTHERS])):
            row = {"kind": "organisation", "id": one, "version": 1, "path": path, "data": {}, "changed_at": now}
            await session.execute(insert(reference).values(row))
        await session.execute(insert(reference_source).values(kind="organisation", complete_at=now))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        running(runtime, with_worker=False),
        httpx.AsyncClient(transport=transport, base_url=f"http://test{BASE}") as client,
    ):
        yield SimpleNamespace(
            client=client, runtime=runtime, receiver=receiver, made=made, token=token, key=key, register=register
        )
    await engines.drop_database(name)


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
