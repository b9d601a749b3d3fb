"""A front-end's way of calling: the gateway only, tokens, idempotency keys, ETags, patience during a restart."""

import asyncio
import json
import time
import uuid
from contextvars import ContextVar
from typing import Any

import httpx
from pyotp import TOTP


class Unexpected(AssertionError):
    """The journey saw something else than it must."""


def expect(condition: object, text: str) -> None:
    """Stop the step unless the condition holds."""
    if not condition:
        raise Unexpected(text)


class Client:
    """One person or system at the gateway; `name` shows in what went wrong."""

    def __init__(self, base_url: str, name: str = "nobody", token: str | None = None, verify: bool = True) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.name, self.token, self.base_url, self._verify = name, token, base_url, verify
        self._http = httpx.AsyncClient(base_url=f"{base_url}/api/v1", headers=headers, timeout=40, verify=verify)

    async def sign_in(self, body: dict[str, str], name: str, secret: str | None = None) -> "Client":
        """Return a client with the token that these credentials get, with the codes of `secret` where it is given."""
        if secret is None:
            return self.with_token(await self.post("/registry/tokens", body, status=200, key=False), name)
        until = time.monotonic() + 95  # each code is good once: others may have used the next ones too
        while True:
            code = TOTP(secret).now()
            sent = {"json": {**body, "totp": code}}
            answer, _ = await self._call("POST", "/registry/tokens", None, **sent)
            if "access_token" in answer:
                return self.with_token(answer, name)
            waits = answer.get("code") in ("second_factor_required", "too_many_requests")
            expect(waits and time.monotonic() < until, f"{name} cannot sign in: {answer.get('code')}")
            await asyncio.sleep(30 - time.time() % 30)

    def with_token(self, answer: dict[str, Any], name: str) -> "Client":
        """Return a client with the access token of an answer."""
        return Client(self.base_url, name, answer["access_token"], self._verify)

    async def get(self, path: str, **query: Any) -> Any:
        """Read; a 503 while something restarts is waited out."""
        return (await self._call("GET", path, 200, params=query))[0]

    async def read(self, path: str) -> tuple[Any, dict[str, str]]:
        """Read one thing and return it with the header that a change of it needs."""
        body, headers = await self._call("GET", path, 200)
        return body, {"If-Match": headers["etag"]}

    async def all(self, path: str, **query: Any) -> list[Any]:
        """Read every page of a list."""
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, **query, **cursor)
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = {"cursor": page["next_cursor"]}

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        status: int = 201,
        key: bool = True,
        match: dict[str, str] | None = None,
        files: Any = None,
    ) -> Any:
        """Create or take a step; the same Idempotency-Key goes along when it must be sent again."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if key else {}
        options: dict[str, Any] = {"headers": headers | (match or {})}
        if files is not None:
            options["files"] = files
        elif body is not None:
            options["json"] = body
        return (await self._call("POST", path, status, **options))[0]

    async def act(self, path: str, action: str, body: Any = None) -> Any:
        """Read the present version of a thing, then take a step on it."""
        _, match = await self.read(path)
        return await self.post(f"{path}/{action}", body, status=200, key=False, match=match)

    async def patch(self, path: str, body: Any) -> Any:
        """Change a thing at its present version."""
        _, match = await self.read(path)
        return (await self._call("PATCH", path, 200, json=body, headers=match))[0]

    async def put(self, path: str, body: Any, match: dict[str, str]) -> Any:
        """Set a thing, at its present version when it is already there."""
        return (await self._call("PUT", path, 200, json=body, headers=match))[0]

    async def upload(self, path: str, data: bytes) -> Any:
        """Add a file, its bytes as the body."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/octet-stream"}
        return (await self._call("PUT", path, 201, content=data, headers=headers))[0]

    async def refused(self, method: str, path: str, status: int, **options: Any) -> Any:
        """Send what must be refused and return the problem."""
        return (await self._call(method, path, status, **options))[0]

    async def _call(self, method: str, path: str, status: int | None, **options: Any) -> tuple[Any, httpx.Headers]:
        until = time.monotonic() + 40
        while True:
            try:
                response = await self._http.request(method, path, **options)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.3)
                continue
            if (
                response.status_code not in (502, 503, 504, 429)
                or status == response.status_code
                or time.monotonic() > until
            ):
                break
            await asyncio.sleep(min(float(response.headers.get("retry-after", "0.5")), 1.0))
        said = _read(response)
        detail = json.dumps(said, ensure_ascii=False)[:600]
        expect(
            status is None or response.status_code == status,
            f"{self.name}: {method} {path} answered {response.status_code}, not {status}: {detail}",
        )
        return said, response.headers

    async def bytes(self, path: str) -> bytes:
        """Read a file."""
        response = await self._http.get(path)
        expect(response.status_code == 200, f"{self.name}: GET {path} answered {response.status_code}")
        return response.content

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _read(response: httpx.Response) -> Any:
    if response.content and "json" in response.headers.get("content-type", ""):
        return response.json()
    return response.text


extra_patience: ContextVar[float] = ContextVar("extra_patience", default=0.0)
"""Seconds more for every `eventually`: a real installation holds back events of anonymous senders and checks rarely."""


async def eventually(what: str, check: Any, seconds: float = 30) -> Any:
    """Ask until the answer is true; the last answer is returned."""
    seconds += extra_patience.get()
    until = time.monotonic() + seconds
    while True:
        found = await check()
        if found:
            return found
        expect(time.monotonic() < until, f"{what}: not within {seconds:.0f} s")
        await asyncio.sleep(0.15)
