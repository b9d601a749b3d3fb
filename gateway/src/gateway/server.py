"""The server side of the door: uvicorn's httptools protocol with the guards it lacks (reliability §6 E and H).

uvicorn has no limit on the time or size of a request's head and answers unreadable requests in plain text. Here a
head must be complete within ten seconds and 32 KiB, a target must be a path, and every refusal is a problem document.
"""

import asyncio
import secrets
import weakref
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.connection import Connection, Gone
from gateway.refusals import BadTarget, Headers, HeadersTooLarge, MethodRefused, render
from servicekit.errors import DomainError

HEAD_BYTES = 32 * 1024
# Closed between 9 and 9.5 s after the connection, or the first byte of a further request, so within ten.
HEAD_SECONDS = 9.0
_SWEEP_SECONDS = 0.5
# More half-open connections than this and the one waiting longest makes room.
MAX_HALF_OPEN = 4096
# What a client may still send after an early refusal before the connection is cut; most read the answer only then.
_DRAIN_BYTES = 16 * 1024 * 1024
_DRAIN_SECONDS = 5.0


class Watch:
    """The connections that owe us something, each with its time; one timer for all of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[GuardedProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, client: "GuardedProtocol", seconds: float) -> None:
        """Close `client` unless it is discarded within `seconds`; a connection already watched keeps its time."""
        if client in self._due:
            return
        self._due[client] = self._loop.time() + seconds
        if len(self._due) > MAX_HALF_OPEN:
            oldest = next(iter(self._due))
            del self._due[oldest]
            oldest.transport.abort()
        if self._timer is None:
            self._timer = self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    def discard(self, client: "GuardedProtocol") -> None:
        """The connection did what it owed."""
        self._due.pop(client, None)

    def _sweep(self) -> None:
        now = self._loop.time()
        for client in [client for client, due in self._due.items() if due <= now]:
            del self._due[client]
            client.transport.abort()
        self._timer = self._loop.call_later(_SWEEP_SECONDS, self._sweep) if self._due else None


_watches: weakref.WeakKeyDictionary[ServerState, Watch] = weakref.WeakKeyDictionary()


class _Refused(Exception):
    """Raised inside the parser's callbacks to leave it."""

    def __init__(self, error: DomainError) -> None:
        self.error = error


class GuardedProtocol(HttpToolsProtocol):
    """One client connection. `upstream` is the exchange running for it, which ends when the client goes away."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.upstream: Connection | None = None
        self.headers = []
        self.url = b""
        self._in_head = True
        self._head_bytes = 0
        self._message_ended = True
        self._discarded = 0
        watch = _watches.get(server_state)
        if watch is None:
            watch = _watches[server_state] = Watch(self.loop)
        self._watch = watch

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a complete head within ten seconds."""
        super().connection_made(transport)
        self._watch.add(self, HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the work done for a client that went away."""
        self._watch.discard(self)
        super().connection_lost(exc)
        if self.upstream is not None:
            self.upstream.abort(Gone())

    def leave(self) -> None:
        """Break the connection without an end of the answer."""
        if not self.transport.is_closing():
            self.cycle.disconnected = True
            self.transport.abort()

    def answer_at_once(self, scope: Any, status: int, fields: Headers, body: bytes) -> bool:
        """Write a complete answer in one system call, if `scope` is the request being answered and nothing waits.

        uvicorn writes head and body separately; half of a small answer's cost is system calls.
        """
        cycle = self.cycle
        if cycle.scope is not scope or cycle.response_started or cycle.disconnected or self.flow.write_paused:
            return False
        lines = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        for name, value in fields:
            lines += (name, b": ", value, b"\r\n")
        lines += (b"\r\n", body) if cycle.keep_alive else (b"connection: close\r\n\r\n", body)
        self.transport.write(b"".join(lines))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True

    def data_received(self, data: bytes) -> None:
        """Parse, with the head's size and time watched."""
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # answered as if no upgrade was asked for; the connection closes behind the answer
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.error if isinstance(cause, _Refused) else BadTarget())
            return
        # After the end of a request nothing is owed until a byte of the next one comes: its answer may take longer.
        owes = self._head_bytes > 0 or not self._message_ended
        if self._in_head and owes and not self.transport.is_closing():
            # Bytes of a head that is not complete yet. Before its first line only blank lines can have come.
            if self._head_bytes > HEAD_BYTES:
                self._refuse(HeadersTooLarge())
            else:
                self._watch.add(self, HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self.scope["gateway.client"] = self  # type: ignore[typeddict-unknown-key]
        self._message_ended = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header field."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Check what only the raw request shows, then hand it to the application."""
        self._in_head = False
        self._watch.discard(self)
        size = len(self.url)
        for name, value in self.headers:
            size += len(name) + len(value) + 4
        if size > HEAD_BYTES:
            raise _Refused(HeadersTooLarge())
        if self.parser.get_method() in (b"CONNECT", b"TRACE"):
            raise _Refused(MethodRefused())
        # Only origin-form: an absolute target names a second host, a fragment never leaves an honest client.
        if not self.url.startswith(b"/") or self.url.startswith(b"//") or b"#" in self.url:
            raise _Refused(BadTarget())
        if self.parser.get_http_version() not in ("1.1", "1.0"):
            raise _Refused(BadTarget())
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body, or discard it behind an early answer, up to a limit."""
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > _DRAIN_BYTES:
                self.transport.abort()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the end of a request; what comes next is another head."""
        super().on_message_complete()
        self._message_ended = True
        self._in_head = True
        self._head_bytes = 0
        self._discarded = 0
        self._watch.discard(self)

    def on_response_complete(self) -> None:
        """After an answer: wait for the next request, or first for the rest of a body nobody wants."""
        super().on_response_complete()
        if not self._message_ended and not self.transport.is_closing():
            self._watch.add(self, _DRAIN_SECONDS)

    def _refuse(self, error: DomainError) -> None:
        """Answer outside the application and close; in the middle of another answer only close."""
        self._watch.discard(self)
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            if self.cycle.response_started or self.pipeline:
                self.leave()
                return
            # The body turned out unreadable while the request was on its way: stop that and answer here.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.upstream is not None:
                self.upstream.abort(Gone())
        language = next((value for name, value in self.headers if name == b"accept-language"), b"")
        status, headers, body = render(error, language, secrets.token_hex(16))
        lines = [STATUS_LINE[status], *(name + b": " + value + b"\r\n" for name, value in headers)]
        self.transport.write(b"".join([*lines, b"connection: close\r\n\r\n", body]))
        self.transport.close()
