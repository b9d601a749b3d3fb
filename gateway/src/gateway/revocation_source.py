"""Asks the registry whose access was revoked, with a token of the gateway's own (client `gateway`)."""

import json
import time
from typing import Any

from gateway.upstream import Upstream
from servicekit.revocations import Batch, read_batch

_SECONDS = 5.0
_LIMIT = 16 * 1024 * 1024


class RevocationSource:
    """Keeps the gateway's token until shortly before it ends; a refused one is replaced at the next asking."""

    def __init__(self, registry: Upstream, *, client_secret: str) -> None:
        self._registry = registry
        self._secret = client_secret
        self._token = ""
        self._token_ends = 0.0

    async def ask(self, cursor: str | None) -> Batch:
        """Return what was revoked since a cursor. Raises a Refusal, TimeoutError or ValueError when it cannot."""
        if time.monotonic() >= self._token_ends:
            await self._sign_in()
        path = "/api/v1/registry/revocations" + (f"?since={cursor}" if cursor else "")
        mine = [(b"authorization", b"Bearer " + self._token.encode("ascii"))]
        status, body = await self._registry.fetch(path, timeout=_SECONDS, limit=_LIMIT, fields=mine)
        if status != 200:
            self._token_ends = 0.0
            raise ValueError(f"revocations: {status}")
        return read_batch(json.loads(body))

    async def _sign_in(self) -> None:
        asked = {"grant_type": "client_credentials", "client_id": "gateway", "client_secret": self._secret}
        status, body = await self._registry.post(
            "/api/v1/registry/tokens", json.dumps(asked).encode(), timeout=_SECONDS, limit=_LIMIT
        )
        if status != 200:
            raise ValueError(f"token of the gateway: {status}")
        answer: dict[str, Any] = json.loads(body)
        self._token, self._token_ends = answer["access_token"], time.monotonic() + answer["expires_in"] - 60
