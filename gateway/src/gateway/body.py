"""The body of a request on its way through: counted, timed, never stored beyond its first 64 KiB."""

import asyncio
import time
from typing import Any

from gateway.connection import Connection, Gone
from gateway.refusals import TooSlow
from servicekit.errors import TooLarge

_IDLE_SECONDS = 30.0
# A body may take 20 s and then must have come at 1 KiB/s on average; a phone on the worst network is ten times faster.
_GRACE_SECONDS = 20.0
_SLOWEST = 1024
_DRAIN_SECONDS = 60.0
# A body up to this size is here in full before a service hears of the request; uvicorn keeps as much of it anyway.
_TOGETHER = 64 * 1024


class RequestBody:
    """Reads the client's body, counting real bytes against `limit`; `length` is None when it comes in chunks."""

    def __init__(self, receive: Any, *, limit: int, length: int | None) -> None:
        self._receive = receive
        self._limit = limit
        self._chunked = length is None
        self._count = 0
        self._started = time.monotonic()
        self._timeout: asyncio.Timeout | None = None
        self.ended = False

    async def first(self) -> bytes:
        """Return the body, or its first 64 KiB, ready for the wire. Raises TooLarge, TooSlow or Gone."""
        together = bytearray(self._framed(await self._read()))
        while not self.ended and self._count < _TOGETHER:
            together += self._framed(await self._read())
        return bytes(together)

    def give_up(self) -> None:
        """Let whoever reads raise TooSlow now: others need the room."""
        if self._timeout is not None:
            self._timeout.reschedule(0.0)

    async def send_rest(self, connection: Connection) -> None:
        """Pass on the rest until its end, or until the service has answered without waiting for it."""
        while not self.ended and not connection.head_done:
            piece = self._framed(await self._read())
            if piece:
                connection.write(piece)
                await connection.drain(_DRAIN_SECONDS)

    async def _read(self) -> bytes:
        waited = time.monotonic() - self._started
        left = min(_IDLE_SECONDS, _GRACE_SECONDS + self._count / _SLOWEST - waited)
        try:
            async with asyncio.timeout(max(left, 0.001)) as self._timeout:
                message = await self._receive()
        except TimeoutError as error:
            raise TooSlow from error
        finally:
            self._timeout = None
        if message["type"] == "http.disconnect":
            raise Gone
        data: bytes = message["body"]
        self.ended = not message.get("more_body", False)
        self._count += len(data)
        if self._count > self._limit:
            raise TooLarge
        return data

    def _framed(self, data: bytes) -> bytes:
        if not self._chunked:
            return data
        framed = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        return framed + b"0\r\n\r\n" if self.ended else framed
