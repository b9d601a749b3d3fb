"""JSON from identity providers: no redirects, a size and a time it must keep to, nothing of it in an error.

The addresses are the administrators' configuration and what the provider itself names in its discovery document.
"""

import asyncio
import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from servicekit import strict_json
from servicekit.errors import DomainError, Unavailable

LARGEST: Final = 256 * 1024
SECONDS: Final = 8.0


class ProviderUnavailable(Unavailable):
    """The identity provider does not answer, or not as OpenID Connect wants it."""

    code = "provider_unavailable"
    vi = "Hệ thống định danh đang không trả lời đúng cách. Hãy thử lại sau ít phút hoặc đăng nhập cách khác."
    en = "The identity provider does not answer properly. Try again in a few minutes or sign in another way."


def is_allowed(address: str, *, loopback: bool) -> bool:
    """Tell whether an address may be called: https, or http on a loopback address where the setting allows it."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.username is not None or parts.password is not None or parts.fragment or not host or parts.port == 0:
            return False
    except ValueError:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Documents:
    """Fetches and posts to identity providers."""

    def __init__(self, *, loopback: bool) -> None:
        self.loopback = loopback
        self._http = httpx.AsyncClient(timeout=5, trust_env=False, follow_redirects=False)

    async def get(self, address: str) -> dict[str, Any]:
        """Return the JSON object at an address. Raises ProviderUnavailable."""
        status, document = await self._call("GET", address)
        if status != 200 or document is None:
            raise ProviderUnavailable
        return document

    async def post(
        self, address: str, form: dict[str, str], auth: tuple[str, str] | None
    ) -> tuple[int, dict[str, Any] | None]:
        """Send a form; return the status and the JSON object, if it is one. Raises ProviderUnavailable."""
        return await self._call("POST", address, data=form, auth=auth)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _call(self, method: str, address: str, **sent: Any) -> tuple[int, dict[str, Any] | None]:
        if not is_allowed(address, loopback=self.loopback):
            raise ProviderUnavailable
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        body = bytearray()
        try:
            async with asyncio.timeout(SECONDS):
                async with self._http.stream(method, address, headers=headers, **sent) as response:
                    async for piece in response.aiter_bytes():
                        body += piece
                        if len(body) > LARGEST:
                            raise ProviderUnavailable
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderUnavailable from error
        try:
            document = strict_json.parse(bytes(body))
        except DomainError:
            document = None
        return response.status_code, document if isinstance(document, dict) else None
