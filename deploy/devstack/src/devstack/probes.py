"""Questions that tell whether a process is ready to be used."""

import asyncio
import time
from collections.abc import Awaitable, Callable

Probe = Callable[[], Awaitable[bool]]


async def http_status(port: int, path: str, *, host: str = "127.0.0.1", timeout: float = 2.0) -> int | None:
    """Status of a GET on this machine, or None when nobody answers in time."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                line = await reader.readline()
            finally:
                writer.close()
        return int(line.split()[1])
    except (OSError, TimeoutError, IndexError, ValueError):
        return None


def http_ready(port: int, path: str) -> Probe:
    """Probe that holds when `path` answers 200."""

    async def probe() -> bool:
        return await http_status(port, path) == 200

    return probe


async def wait_until(probe: Probe, *, what: str, patience: float, pause: float = 0.02) -> None:
    """Ask `probe` again and again until it holds; TimeoutError naming `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not await probe():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {patience:g} s")
        await asyncio.sleep(pause)
