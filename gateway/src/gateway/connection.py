"""One connection to a service: writes requests as given, reads answers with llhttp, one exchange at a time."""

import asyncio
import time
from typing import Protocol, cast

import httptools

from gateway.refusals import Headers, UpstreamBroken, UpstreamSlow

_HIGH_WATER = 256 * 1024
_MAX_HEAD = 64 * 1024


class Pool(Protocol):
    """What a connection tells its owner."""

    def keep(self, connection: "Connection") -> None:
        """Take back a connection that can be used again."""

    def forget(self, connection: "Connection") -> None:
        """Note that a connection is gone."""


class Gone(Exception):
    """The client went away, or this exchange was cancelled."""


class Connection(asyncio.Protocol):
    """A connection in one of three states: idle, in an exchange, closed.

    It goes back to the pool only when request and answer were both complete; anything else closes it, so that an
    answer can never reach the wrong request.
    """

    transport: asyncio.Transport

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._closed = False
        self._busy = False
        self._reading_paused = False
        self._error: Exception | None = None
        self._head_request = False
        self.idle_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.head_done = False
        self.complete = False
        self.answered = False
        self.length = -1
        self._sized = False
        self._reusable = True
        self._head_bytes = 0
        self._chunks: list[bytes] = []
        self._buffered = 0

    @property
    def usable(self) -> bool:
        """Whether an exchange can begin."""
        return not self._closed and not self._busy and not self.transport.is_closing()

    @property
    def pending(self) -> bool:
        """Whether pieces of the body wait to be read."""
        return bool(self._chunks)

    # An exchange, in the order of its calls

    def begin(self, method: bytes) -> None:
        """Start an exchange."""
        self._reset()
        self._busy = True
        self._error = None
        self._head_request = method == b"HEAD"

    def write(self, data: bytes) -> None:
        """Send bytes of the request as they are."""
        self.transport.write(data)

    async def drain(self, seconds: float) -> None:
        """Wait until the service has taken most of what was written."""
        if self._drained is not None and not self._closed:
            try:
                async with asyncio.timeout(seconds):
                    await self._drained
            except TimeoutError as error:
                raise UpstreamSlow(retry_after=5) from error
        self._raise_error()

    async def response_head(self, seconds: float) -> None:
        """Wait for status and header fields. Raises UpstreamBroken, UpstreamSlow or Gone."""
        if not self.head_done:
            await self._wait(seconds)
            self._raise_error()
            if not self.head_done:
                raise UpstreamBroken(retry_after=5)

    async def read(self, seconds: float) -> bytes:
        """Return the next piece of the body, b"" at its end. Raises UpstreamBroken, UpstreamSlow or Gone."""
        while not self._chunks:
            if self.complete:
                return b""
            self._raise_error()
            await self._wait(seconds)
        chunks = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        self._buffered = 0
        if self._reading_paused and not self._closed:
            self._reading_paused = False
            self.transport.resume_reading()
        return data

    def finish(self, *, request_sent: bool) -> None:
        """End the exchange: back to the pool when both sides are complete, closed otherwise."""
        self._busy = False
        if self.complete and self._reusable and request_sent and not self._closed and not self.transport.is_closing():
            self.idle_since = time.monotonic()
            self._pool.keep(self)
        else:
            self.abort()

    def abort(self, error: Exception | None = None) -> None:
        """Close at once; a waiting reader gets the error."""
        self._busy = False
        self._fail(error or Gone())
        if not self._closed:
            self.transport.abort()

    # Waiting

    async def _wait(self, seconds: float) -> None:
        if self._closed:
            raise self._error or UpstreamBroken(retry_after=5)
        waiter = self._loop.create_future()
        self._waiter = waiter
        timer = self._loop.call_later(seconds, self._expire)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _expire(self) -> None:
        self._fail(UpstreamSlow(retry_after=5))

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._wake()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange in progress: complete if its end is the end of the connection, else broken."""
        self._closed = True
        self._pool.forget(self)
        if self.head_done and not self.complete and not self._sized and exc is None and self._error is None:
            self.complete = True
            self._wake()
        elif not self.complete:
            self._fail(UpstreamBroken(retry_after=5))

    def data_received(self, data: bytes) -> None:
        """Parse what arrived and wake the reader once per read, so a small answer costs one switch."""
        if not self._busy:  # bytes nobody asked for: never use this connection again
            self.transport.abort()
            return
        self.answered = True
        if not self.head_done:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._reusable = False
            if not self.complete:
                self._fail(UpstreamBroken(retry_after=5))
                self.transport.abort()
            return
        if self.head_done:
            self._wake()
        elif self._head_bytes > _MAX_HEAD:
            self._fail(UpstreamBroken(retry_after=5))
            self.transport.abort()

    def pause_writing(self) -> None:
        """The service reads slower than we write."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """The service caught up."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # llhttp

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect one header field, its name in lower case."""
        if self.complete:
            self._reusable = False  # the start of an answer nobody asked for
            return
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Note the status; interim answers (1xx) are dropped, answers to HEAD end here."""
        if self.complete:
            self._reusable = False
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        for name, value in self.headers:
            if name == b"content-length":
                self._sized = True
                self.length = int(value)
            elif name == b"transfer-encoding":
                self._sized = True
        self._reusable = self._parser.should_keep_alive()
        self.head_done = True
        if self._head_request or (self.status == 304 and self._sized):
            # llhttp waits for a body that never comes; end the exchange here and use a new connection next time.
            self.complete = True
            self._reusable = False

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body and stop reading when the client is slower than the service."""
        if self.complete:
            return
        self._chunks.append(body)
        self._buffered += len(body)
        if self._buffered > _HIGH_WATER and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self.status < 200:
            self.headers = []
            return
        self.complete = True
