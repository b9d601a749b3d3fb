"""The path of one request through the door: check, identify, count, forward, answer, note.

Raw ASGI on purpose: no request object, no middleware; both bodies stream and stay the bytes they were.
"""

import logging
import os
import random
import time
from typing import Any

from gateway.access_log import AccessLog
from gateway.admission import Admission, Admitted
from gateway.body import RequestBody
from gateway.connection import Connection, Gone
from gateway.cors import Cors
from gateway.edge import METHODS, Edge
from gateway.exchange import BUCKET_FIELD
from gateway.headers import Head, answer_fields, read_head
from gateway.load import Load
from gateway.refusals import (
    SAFETY_HEADERS,
    Headers,
    Refusal,
    Unexpected,
    UpstreamBroken,
    UpstreamDown,
    UpstreamSlow,
    render,
)
from gateway.routing import Route, Routes
from gateway.upstream import Upstream
from servicekit.errors import DomainError, NotFound
from servicekit.telemetry.measures import request_ended, request_started

Scope = dict[str, Any]
Receive = Any
Send = Any
_READ_SECONDS = 60.0
_SAFE = frozenset({"GET", "HEAD"})
_NO_BODY = frozenset({204, 304})
_log = logging.getLogger("gateway.proxy")


class Proxy:
    """Serves `/api/v1/<service>/...`."""

    def __init__(
        self,
        *,
        routes: Routes,
        edge: Edge,
        cors: Cors,
        admission: Admission,
        load: Load,
        upstreams: dict[str, Upstream],
        log: AccessLog,
    ) -> None:
        self._routes = routes
        self._edge = edge
        self._cors = cors
        self._admission = admission
        self._load = load
        self._upstreams = upstreams
        self._log = log
        # Trace ids need to be unlike each other, not secret; a generator seeded by the system is twenty times faster.
        self._random = random.Random(os.urandom(32))  # noqa: S311

    def new_id(self) -> str:
        """Return a request id, which is the trace id too: 32 hexadecimal digits."""
        return f"{self._random.getrandbits(128):032x}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        request_id = self.new_id()
        method: str = scope["method"]
        head = read_head(scope["headers"])
        cors = self._cors.fields(head)
        address = self._admission.address(scope, head)
        route: Route | None = None
        known = False
        status = 499  # the client went away before an answer
        request_started()
        try:
            try:
                self._edge.check(method, scope["raw_path"], head)
                route = self._routes.match(method, scope["path"])
                if route is None:
                    raise NotFound
                if method == "OPTIONS":
                    status = await _say_options(send, self._cors.preflight(head), request_id)
                else:
                    admitted = await self._admission.admit(head, scope["query_string"], route, address)
                    known = admitted.known
                    extra = admitted.limit + cors
                    status = await self._forward(scope, receive, send, head, route, request_id, admitted, extra)
            except DomainError as error:
                status = await refuse(send, error, head, request_id, cors)
        except Gone:
            leave(scope)
        except Exception:
            _log.exception("unexpected failure", extra={"request_id": request_id})
            status = 500
            try:
                await refuse(send, Unexpected(), head, request_id, cors)
            except RuntimeError:  # the answer had begun
                leave(scope)
        finally:
            seconds = time.perf_counter() - started
            named = method if method in METHODS else "OTHER"
            request_ended(named, route.template if route is not None else "-", status, seconds)
            shown = address if known or status >= 400 else ""
            self._log.note(named, route, status, request_id, shown, seconds=seconds)

    async def _forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        head: Head,
        route: Route,
        request_id: str,
        admitted: Admitted,
        extra: Headers,
    ) -> int:
        """Send the request on once its body is here, and pass the answer back with `extra` fields."""
        lines, body = self._request(scope, receive, head, route, request_id, admitted.network)
        if body is not None:
            lines.append(await self._load.receive(body, admitted.network))
        self._load.enter(route, admitted.network)
        try:
            upstream = self._upstreams[route.service]
            return await self._exchange(scope, send, upstream, b"".join(lines), body, route, request_id, extra)
        finally:
            self._load.leave(route, admitted.network)

    def _request(
        self, scope: Scope, receive: Receive, head: Head, route: Route, request_id: str, network: bytes
    ) -> tuple[list[bytes], RequestBody | None]:
        """Return the request's head as it goes to the service, and its body if it has one."""
        # The services answer GET; HEAD is the same without the content (RFC 9110 §9.3.2), which ends here.
        method = b"GET" if scope["method"] == "HEAD" else scope["method"].encode()
        lines = [method, b" ", scope["raw_path"]]
        if scope["query_string"]:
            lines += (b"?", scope["query_string"])
        lines += (b" HTTP/1.1\r\n", self._upstreams[route.service].host_line)
        for name, value in head.forward:
            lines += (name, b": ", value, b"\r\n")
        if route.credential:
            lines += (BUCKET_FIELD, b": ", network.hex().encode(), b"\r\n")
        trace = f"x-request-id: {request_id}\r\ntraceparent: 00-{request_id}-{self._random.getrandbits(64):016x}-01\r\n"
        lines.append(trace.encode())
        if head.chunked:
            lines.append(b"transfer-encoding: chunked\r\n\r\n")
            return lines, RequestBody(receive, limit=route.body_limit, length=None)
        if head.content_length:
            lines.append(b"content-length: %d\r\n\r\n" % head.content_length)
            return lines, RequestBody(receive, limit=route.body_limit, length=head.content_length)
        lines.append(b"\r\n" if scope["method"] in _SAFE else b"content-length: 0\r\n\r\n")
        return lines, None

    async def _exchange(
        self,
        scope: Scope,
        send: Send,
        upstream: Upstream,
        data: bytes,
        body: RequestBody | None,
        route: Route,
        request_id: str,
        extra: Headers,
    ) -> int:
        breaker = upstream.breaker
        began = breaker.enter()
        connection: Connection | None = None
        client = scope.get("gateway.client")
        try:
            try:
                connection, used = await upstream.connection()
                while True:
                    connection.begin(b"GET" if scope["method"] == "HEAD" else scope["method"].encode())
                    if client is not None:
                        client.upstream = connection
                    connection.write(data)
                    try:
                        if body is not None:
                            await body.send_rest(connection)
                        await connection.response_head(route.seconds)
                        break
                    except UpstreamBroken:
                        # A kept connection may be closing just as we use it. Reading again changes nothing; a write
                        # might.
                        if not used or connection.answered or body is not None or scope["method"] not in _SAFE:
                            raise
                        connection.abort()
                        connection, used = await upstream.fresh_connection(), False
            except (UpstreamDown, UpstreamBroken, UpstreamSlow):
                breaker.failed(began)
                raise
            except BaseException:
                breaker.left(began)
                raise
            breaker.answered(began, connection.status, connection.headers)
            return await self._answer(scope, send, connection, upstream, request_id, extra)
        finally:
            if client is not None:
                client.upstream = None
            if connection is not None:
                connection.finish(request_sent=body is None or body.ended)

    async def _answer(
        self, scope: Scope, send: Send, connection: Connection, upstream: Upstream, request_id: str, extra: Headers
    ) -> int:
        status = connection.status
        if status == 101:
            raise UpstreamBroken(retry_after=5)
        fields = answer_fields(connection.headers)
        fields.append((b"x-request-id", request_id.encode()))
        fields += extra
        names = [name for name, _ in fields]
        for field in SAFETY_HEADERS:
            if field[0] not in names:
                fields.append(field)
        if b"cache-control" not in names:
            fields.append((b"cache-control", b"no-store"))
        if status in _NO_BODY:
            fields = [item for item in fields if item[0] != b"content-length"]
        if 300 <= status < 400:
            fields = [(name, _outside(value, upstream) if name == b"location" else value) for name, value in fields]
        client = scope.get("gateway.client")
        if connection.complete and client is not None and connection.length >= 0:
            data = await connection.read(_READ_SECONDS)
            shown = b"" if scope["method"] == "HEAD" else data
            if len(data) == connection.length and client.answer_at_once(scope, status, fields, shown):
                return status
        else:
            data = b""
        await send({"type": "http.response.start", "status": status, "headers": fields})
        try:
            while True:
                data = data or await connection.read(_READ_SECONDS)
                ended = connection.complete and not connection.pending
                await send({"type": "http.response.body", "body": data, "more_body": not ended})
                if ended:
                    return status
                data = b""
        except Refusal:
            # Half an answer is out: the only honest end is a broken connection.
            leave(scope)
            return status


def _outside(location: bytes, upstream: Upstream) -> bytes:
    """Make a redirect of a service to itself relative: its inside address means nothing to the client."""
    return location[len(upstream.origin) :] if location.startswith(upstream.origin + b"/") else location


async def refuse(send: Send, error: DomainError, head: Head, request_id: str, cors: Headers) -> int:
    """Send the problem document of an error and return its status."""
    status, headers, body = render(error, head.language, request_id)
    await send({"type": "http.response.start", "status": status, "headers": headers + cors})
    await send({"type": "http.response.body", "body": body})
    return status


async def _say_options(send: Send, fields: Headers, request_id: str) -> int:
    headers = [*fields, (b"cache-control", b"no-store"), (b"x-request-id", request_id.encode()), *SAFETY_HEADERS]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
    return 204


def leave(scope: Scope) -> None:
    """Break the client's connection without an end of the answer."""
    client = scope.get("gateway.client")
    if client is not None:
        client.leave()
