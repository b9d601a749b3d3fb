"""Calls to the registry: its published keys, this process's own token, public facts, revoked access."""

import time
from typing import Any

import httpx

from servicekit.revocations import Batch, read_batch


class RegistryClient:
    """Reads from the registry as this service; keeps its own token until shortly before it ends."""

    def __init__(self, url: str, *, client_id: str, client_secret: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=10, trust_env=False)
        self._client_id = client_id
        self._client_secret = client_secret
        self._token = ""
        self._token_ends = 0.0

    async def keys(self) -> dict[str, Any]:
        """Return the JWK set that verifies access tokens."""
        response = await self._http.get("/api/v1/registry/jwks.json")
        response.raise_for_status()
        keys: dict[str, Any] = response.json()
        return keys

    async def page(self, kind: str, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Return one page of facts of a kind and the next cursor."""
        query = {"kind": kind, "limit": "1000"} | ({"cursor": cursor} if cursor else {})
        body = await self._get("/api/v1/registry/reference", query)
        return body["items"], body["next_cursor"]

    async def revocations(self, since: str | None) -> Batch:
        """Return what was revoked since a cursor of an earlier answer; None asks for all that still counts."""
        return read_batch(await self._get("/api/v1/registry/revocations", {"since": since} if since else {}))

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """Read something meant for the house; a token that was revoked (a new secret) is replaced once."""
        for last in (False, True):
            response = await self._http.get(
                path, params=query, headers={"Authorization": f"Bearer {await self.token()}"}
            )
            if response.status_code == httpx.codes.UNAUTHORIZED and not last:
                self._token_ends = 0.0
                continue
            break
        response.raise_for_status()
        body: dict[str, Any] = response.json()
        return body

    async def token(self) -> str:
        """Return an access token of this service (client credentials)."""
        if time.monotonic() >= self._token_ends:
            response = await self._http.post(
                "/api/v1/registry/tokens",
                json={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._client_secret,
                },
            )
            response.raise_for_status()
            body = response.json()
            self._token, self._token_ends = body["access_token"], time.monotonic() + body["expires_in"] - 60
        return self._token

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
