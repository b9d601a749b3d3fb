"""Three identity providers on loopback: npm's oidc-provider, PyPI's oidc-provider-mock, and one that cheats."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

CALLBACK = "https://cong-dan.example/tro-ve"
CLIENT = "nhipcau"
SECRET = "a secret & of: ours%2F+"
HERE = Path(__file__).parent / "oidc_provider"


def returned(address: str) -> dict[str, str]:
    """What the provider's redirect brings."""
    assert address.startswith(CALLBACK), address
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def _installed() -> Path:
    """The folder with oidc-provider as locked; made once for each lock file."""
    locked = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"nhipcau-oidc-provider-{os.getuid()}-{locked}"
    if not (place / "complete").exists():
        making = Path(tempfile.mkdtemp(prefix="nhipcau-oidc-"))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, making)
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=making, check=True, capture_output=True
        )
        (making / "complete").touch()
        try:
            making.rename(place)
        except OSError:  # another run was faster
            shutil.rmtree(making)
    return place


@contextmanager
def npm_provider() -> Iterator[str]:
    """Run the certified provider; its issuer. Skips where there is no node or no npm."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node and npm on this machine: the certified provider cannot run")
    place = _installed()
    shutil.copy(HERE / "server.mjs", place)
    running = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
    finally:
        running.terminate()
        running.wait(10)


async def configure(issuer: str, *, kid: str, alg: str = "RS256", **client: Any) -> None:
    """Make the npm provider anew, with a new key and one client."""
    known = {
        "client_id": CLIENT,
        "redirect_uris": [CALLBACK],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "id_token_signed_response_alg": alg,
        **client,
    }
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{issuer}/__configure", json={"alg": alg, "kid": kid, "clients": [known]})
    assert answer.status_code == 204, answer.text


async def log_in(address: str, person: str) -> str:
    """Go through the npm provider's pages as a person's browser does; the address it ends at."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if not target.startswith("http://127.0.0.1"):
                    return target
                answer = await browser.get(target)
                continue
            assert answer.status_code == 200, answer.text
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            action = re.search(r'action="([^"]+)"', answer.text)
            assert prompt is not None
            assert action is not None
            form = {"prompt": prompt[1], "login": person, "password": "x"}
            answer = await browser.post(urljoin(str(answer.url), action[1]), data=form)
    raise AssertionError("the provider never came to an end")


class Cheat:
    """A provider that signs whatever a test tells it to."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "c1", "use": "sig", "alg": "RS256"})
        self.published = [self.key]
        self.calls_itself: str | None = None
        self.jwks_fetched = 0
        self.sign: Callable[[dict[str, Any]], str] = self.honest
        self.changes: dict[str, Any] = {}
        self.redirects = False
        self.nonce = ""
        self.posted: dict[str, str] = {}

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        found = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": f"kẻ gian {uuid.uuid4().hex[:6]}",
            "name": "=Kẻ\u202e Gian",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def honest(self, claims: dict[str, Any]) -> str:
        return self.signed(claims, self.key, {"alg": "RS256", "kid": self.key.kid})

    def signed(self, claims: dict[str, Any], key: Any, header: dict[str, Any]) -> str:
        registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
        return jwt.encode(header, claims, key, registry=registry)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        async def discovery() -> dict[str, Any]:
            return {
                "issuer": self.calls_itself or self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
            }

        @app.get("/jwks")
        async def keys() -> dict[str, Any]:
            self.jwks_fetched += 1
            return {"keys": [{"kty": "unknown"}, *(key.as_dict(private=False) for key in self.published)]}

        @app.post("/token")
        async def token(request: Request) -> Any:
            self.posted = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            return {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(self.claims(**self.changes))}

        return app


@asynccontextmanager
async def cheating_provider() -> AsyncIterator[Cheat]:
    """Serve the cheat on loopback."""
    cheat = Cheat()
    server = uvicorn.Server(uvicorn.Config(cheat.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody else
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    cheat.issuer = f"http://127.0.0.1:{port}"
    try:
        yield cheat
    finally:
        server.should_exit = True
        await serving
