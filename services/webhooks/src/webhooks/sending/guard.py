"""The guard at the door: every address a name resolves to is checked, and the connection goes to the checked one.

Checking a URL when it is saved is not enough: a name can point elsewhere a minute later (DNS rebinding). So the check
sits where the socket is opened, below httpx; TLS still verifies the name.
"""

import asyncio
import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from webhooks.domain.addresses import Allowed, Target, check_address, read_url
from webhooks.domain.errors import TargetRefused


class Guard:
    """Knows what is allowed and which (address, port) pairs are the house's own."""

    def __init__(self, allowed: tuple[Allowed, ...], house: Iterable[tuple[str, int]]) -> None:
        self.allowed = allowed
        self._house = tuple(house)

    async def check_url(self, url: str) -> None:
        """Check a URL as it is saved, with what its name resolves to now. Raises TargetRefused."""
        target = read_url(url, self.allowed)
        try:
            async with asyncio.timeout(5):
                await self.addresses(target)
        except (OSError, TimeoutError) as error:
            raise TargetRefused(why="dns") from error

    async def addresses(self, target: Target) -> list[str]:
        """Resolve a target and check every address. Raises TargetRefused or OSError."""
        house = frozenset([pair for host, port in self._house for pair in await _resolve_pairs(host, port)])
        found = await _resolve(target.host, target.port)
        for address in found:
            check_address(target, address, self.allowed, house)
        return found


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    return [str(entry[4][0]) for entry in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def _resolve_pairs(host: str, port: int) -> list[tuple[str, int]]:
    try:
        return [(address, port) for address in await _resolve(host, port)]
    except OSError:
        return []


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections only to addresses the guard has checked."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every address, connect to the first checked one (the scheme was judged with the URL)."""
        try:
            addresses = await self._guard.addresses(Target("https", host.lower().rstrip("."), port))
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return await self._inner.connect_tcp(addresses[0], port, timeout=timeout, local_address=local_address)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: a webhook goes over the network."""
        raise httpcore.ConnectError("no unix sockets")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks for."""
        await asyncio.sleep(seconds)


def guarded_client(guard: Guard) -> httpx.AsyncClient:
    """Return the client all deliveries use: no redirects, no proxy from the environment, TLS verified."""
    transport = httpx.AsyncHTTPTransport(verify=True, retries=0)
    # httpx offers no way to give a network backend; this is the one place that reaches for its pool.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(),
        network_backend=GuardedBackend(guard),
        max_connections=200,
        max_keepalive_connections=100,
        keepalive_expiry=30.0,
    )
    return httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)
