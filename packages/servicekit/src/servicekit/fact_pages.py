"""Reads pages of public facts from another service of the house, as this process."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx


class FactPages:
    """One owner's pages; `token` returns this process's own access token (servicekit.registry_client)."""

    def __init__(self, url: str, token: Callable[[], Awaitable[str]]) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
        self._token = token

    async def page(self, path: str, query: Mapping[str, str], cursor: str | None) -> tuple[list[Any], str | None]:
        """Return the items of one page and the next cursor. Raises httpx.HTTPError when the owner does not answer."""
        response = await self._http.get(
            path,
            params={**query, "limit": "1000"} | ({"cursor": cursor} if cursor else {}),
            headers={"Authorization": f"Bearer {await self._token()}"},
        )
        response.raise_for_status()
        body = response.json()
        return body["items"], body["next_cursor"]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
