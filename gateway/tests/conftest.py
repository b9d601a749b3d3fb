"""A real gateway process in front of a real HTTP server on loopback, and raw sockets to talk to it."""

import asyncio
import json
import os
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

# pytest's importlib mode makes a namespace package `gateway` of the folder above; the name belongs to the real one.
if getattr(sys.modules.get("gateway"), "__file__", None) is None:
    sys.modules.pop("gateway", None)
    import gateway  # noqa: F401

ISSUER = "nhipcau/test"
SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")
PLENTIFUL = ("address", "signed_in", "client", "public", "tokens", "intake", "refused")


@dataclass
class Request:
    """What the server behind the gateway really received."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]


Handler = Callable[[Request], Awaitable[bytes | None]]


def answer(body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[bytes, ...] = ()) -> bytes:
    lines = [f"HTTP/1.1 {status}".encode(), b"content-type: application/json", *headers]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


@dataclass
class Backend:
    """A server that stands behind every service address, answers by path and remembers what came."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    errands: list[Request] = field(default_factory=list)
    handlers: dict[bytes, Handler] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    revoked: list[dict[str, Any]] = field(default_factory=list)
    gone: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await read_request(reader, writer, self._streams):
                (self.errands if self._own_errand(request) else self.requests).append(request)
                reply = await self._reply(request)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone += 1
        finally:
            writer.close()

    def _own_errand(self, request: Request) -> bool:
        """What the gateway asks by itself, at any time: keys, whose access was revoked, its own token."""
        if any(path in request.line for path in (b"/registry/revocations", b"/registry/jwks.json")):
            return True
        return self._own_sign_in(request)

    def _own_sign_in(self, request: Request) -> bool:
        return b'"client_secret": "of-the-gateway"' in request.body

    def _streams(self, line: bytes) -> bool:
        return b"/stream-in" in line

    async def _reply(self, request: Request) -> bytes | None:
        path = request.line.split(b" ")[1].partition(b"?")[0]
        if path in self.handlers and not self._own_sign_in(request):
            return await self.handlers[path](request)
        if path == b"/api/v1/registry/jwks.json":
            return answer(json.dumps(self.keys).encode())
        if path == b"/api/v1/registry/tokens":
            return answer(b'{"access_token":"of-the-gateway","expires_in":600}')
        if path == b"/api/v1/registry/revocations":
            return answer(json.dumps({"items": self.revoked, "cursor": "1"}).encode())
        if path == b"/readyz":
            return answer(b'{"status":"ok"}')
        return answer(b'{"path":"' + path + b'"}')

    def on(self, path: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.handlers[path.encode()] = handler
            return handler

        return register

    @property
    def last(self) -> Request:
        return self.requests[-1]


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, streams: Callable[[bytes], bool]
) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *lines = head[:-4].split(b"\r\n")
    headers = [(name, value.strip()) for name, _, value in (each.partition(b":") for each in lines)]
    found = {name.lower(): value for name, value in headers}
    body = b""
    if streams(line):
        pass  # the handler reads it
    elif b"content-length" in found:
        body = await reader.readexactly(int(found[b"content-length"]))
    elif found.get(b"transfer-encoding") == b"chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    return Request(line, headers, body, reader, writer)


@dataclass
class Signer:
    """Makes tokens as the registry does, and every wrong kind of them."""

    key: OKPKey

    def header(self, **changes: Any) -> dict[str, Any]:
        return {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"} | changes

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        made = {
            "iss": ISSUER,
            "aud": "nhipcau",
            "sub": str(uuid.uuid4()),
            "sid": str(uuid.uuid4()),
            "jti": str(uuid.uuid4()),
            "kind": "person",
            "iat": now,
            "exp": now + 600,
            "grants": [{"role": "front_officer", "organisation": str(uuid.uuid4())}],
            "scope": "",
        } | changes
        return {name: value for name, value in made.items() if value is not None}

    def token(self, **changes: Any) -> str:
        return jwt.encode(self.header(), self.claims(**changes), self.key, algorithms=["EdDSA"])


@dataclass
class Answer:
    """An answer read from a raw socket; `closed` says whether the server closed behind it."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool

    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.status
        assert document["type"] == f"urn:nhipcau:problem:{document['code']}"
        assert document["title"]
        assert document["request_id"] == self.headers["x-request-id"]
        return document


@dataclass
class Door:
    """A running gateway."""

    port: int
    log: Path
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def raw(self, data: bytes, *, seconds: float = 5.0) -> Answer:
        """Send bytes as they are and read one answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(seconds):
                writer.write(data)
                head = await reader.readuntil(b"\r\n\r\n")
                line, *lines = head[:-4].decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
            try:
                async with asyncio.timeout(0.3):
                    closed = await reader.read(1) == b""
            except TimeoutError:
                closed = False
            except ConnectionError:
                closed = True
            return Answer(int(line.split(" ")[1]), headers, body, closed)
        finally:
            writer.close()


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@asynccontextmanager
async def run_door(backend: Backend, folder: Path, **environment: str) -> AsyncIterator[Door]:
    """Start `python -m gateway serve` in front of the backend and stop it afterwards."""
    port, log = free_port(), folder / f"door-{uuid.uuid4().hex}.log"
    upstream = f"http://127.0.0.1:{backend.port}"
    settings = {
        "SERVICE_PORT": str(port),
        "DEPLOYMENT": "test",
        "REGISTRY_URL": upstream,
        "CLIENT_SECRET": "of-the-gateway",
        "SERVICES": json.dumps(dict.fromkeys(SERVICES, upstream)),
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1],cong.example,rieng.example:8443",
        "RATE_LIMITS": json.dumps(dict.fromkeys(PLENTIFUL, "100000/60")),
    } | environment
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "serve", env=os.environ | settings, stdout=out, stderr=out
        )
    try:
        async with asyncio.timeout(20), httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"http://127.0.0.1:{port}/livez")).status_code == 200:
                        break
                except httpx.TransportError:
                    assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield Door(port, log, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(8):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(OKPKey.generate_key("Ed25519", parameters={"kid": "k1", "alg": "EdDSA", "use": "sig"}))


@pytest.fixture(scope="session")
async def backend(signer: Signer) -> AsyncIterator[Backend]:
    made = Backend(keys={"keys": [signer.key.as_dict(private=False)]})
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=1 << 22)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture(scope="session")
async def door(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with run_door(backend, tmp_path_factory.mktemp("door")) as running:
        yield running


@pytest.fixture(scope="session")
def start_door() -> Any:
    """`run_door` for tests that need a gateway with other settings."""
    return run_door


@pytest.fixture(scope="session")
def reply() -> Any:
    """`answer`, for handlers."""
    return answer


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=door.url, timeout=20, verify=False) as made:
        yield made


@pytest.fixture
def bearer(signer: Signer) -> dict[str, str]:
    return {"Authorization": f"Bearer {signer.token()}"}


@pytest.fixture(autouse=True)
def fresh_backend(backend: Backend) -> None:
    backend.requests.clear()
    backend.errands.clear()
    backend.handlers.clear()
