"""The path of one request through the door: check, identify, count, forward, answer, note.

Raw ASGI on purpose: no request object, no middleware; both bodies stream and stay the bytes they were.
"""

import ipaddress
import logging
import os
import random
import time
from typing import Any

from gateway.access_log import AccessLog
from gateway.body import RequestBody
from gateway.connection import Connection, Gone
from gateway.edge import METHODS, Edge
from gateway.headers import Head, answer_fields, read_head
from gateway.limits import Allowances, Policy, address_key
from gateway.refusals import SAFETY_HEADERS, Headers, Overloaded, Refusal, Unexpected, UpstreamBroken, render
from gateway.routing import Bucket, Route, Routes
from gateway.signin import SignIn
from gateway.upstream import Upstream
from servicekit.errors import DomainError, NotFound, TooLarge, Unauthenticated
from servicekit.telemetry.measures import request_ended, request_started

Scope = dict[str, Any]
Receive = Any
Send = Any
_READ_SECONDS = 60.0
_SAFE = frozenset({"GET", "HEAD"})
_SHED_AT = 0.8
_NO_BODY = frozenset({204, 304})
_log = logging.getLogger("gateway.proxy")


class Proxy:
    """Serves `/api/v1/<service>/...`."""

    def __init__(
        self,
        *,
        routes: Routes,
        edge: Edge,
        signin: SignIn,
        upstreams: dict[str, Upstream],
        policies: dict[Bucket, Policy],
        log: AccessLog,
        max_requests: int,
        trusted_edges: tuple[str, ...] = (),
    ) -> None:
        self._routes = routes
        self._edge = edge
        self._signin = signin
        self._upstreams = upstreams
        self._policies = policies
        self._allowances = Allowances()
        self._log = log
        self._max_requests = max_requests
        self._trusted = tuple(ipaddress.ip_network(item, strict=False) for item in trusted_edges)
        self._running = 0
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
        address = self._address(scope, head)
        route: Route | None = None
        known = False
        status = 499  # the client went away before an answer
        self._running += 1
        request_started()
        try:
            try:
                self._edge.check(method, scope["raw_path"], head)
                route = self._routes.match(method, scope["path"])
                if route is None:
                    raise NotFound
                known, limit = await self._admit(scope, head, route, address)
                status = await self._forward(scope, receive, send, head, route, request_id, limit)
            except DomainError as error:
                status = await refuse(send, error, head, request_id)
        except Gone:
            leave(scope)
        except Exception:
            _log.exception("unexpected failure", extra={"request_id": request_id})
            status = 500
            try:
                await refuse(send, Unexpected(), head, request_id)
            except RuntimeError:  # the answer had begun
                leave(scope)
        finally:
            self._running -= 1
            seconds = time.perf_counter() - started
            named = method if method in METHODS else "OTHER"
            request_ended(named, route.template if route is not None else "-", status, seconds)
            shown = address if known or status >= 400 else ""
            self._log.note(named, route, status, request_id, shown, seconds=seconds)

    async def _admit(self, scope: Scope, head: Head, route: Route, address: str) -> tuple[bool, Headers]:
        """Check token, load and allowance; return whether the caller signed in, and the answer's RateLimit fields."""
        if self._running > self._max_requests * (1.0 if route.kept else _SHED_AT):
            raise Overloaded(retry_after=2)
        if head.content_length > route.body_limit:
            raise TooLarge
        now = time.monotonic()
        try:
            actor = await self._signin.identify(head, scope["query_string"], route.access)
        except Unauthenticated:
            if head.authorizations:
                self._allowances.take(self._policies[Bucket.REFUSED], address_key(address), now)
            raise
        if actor is not None and route.bucket in (Bucket.SIGNED_IN, Bucket.PUBLIC):
            policy, caller = self._policies[Bucket.SIGNED_IN], actor.id.bytes
        else:
            policy, caller = self._policies[route.bucket], address_key(address)
        left = self._allowances.take(policy, caller, now)
        return actor is not None, [(b"ratelimit-policy", policy.header), (b"ratelimit", left)]

    async def _forward(
        self, scope: Scope, receive: Receive, send: Send, head: Head, route: Route, request_id: str, limit: Headers
    ) -> int:
        upstream = self._upstreams[route.service]
        method: str = scope["method"]
        lines = [method.encode(), b" ", scope["raw_path"]]
        if scope["query_string"]:
            lines += (b"?", scope["query_string"])
        lines += (b" HTTP/1.1\r\n", upstream.host_line)
        for name, value in head.forward:
            lines += (name, b": ", value, b"\r\n")
        trace = f"x-request-id: {request_id}\r\ntraceparent: 00-{request_id}-{self._random.getrandbits(64):016x}-01\r\n"
        lines.append(trace.encode())
        body = None
        if head.chunked:
            lines.append(b"transfer-encoding: chunked\r\n\r\n")
            body = RequestBody(receive, limit=route.body_limit, length=None)
        elif head.content_length:
            lines.append(b"content-length: %d\r\n\r\n" % head.content_length)
            body = RequestBody(receive, limit=route.body_limit, length=head.content_length)
        elif method in _SAFE:
            lines.append(b"\r\n")
        else:
            lines.append(b"content-length: 0\r\n\r\n")
        first = await body.first() if body is not None else b""
        data = b"".join([*lines, first])
        connection, used = await upstream.connection()
        client = scope.get("gateway.client")
        try:
            while True:
                connection.begin(method.encode())
                if client is not None:
                    client.upstream = connection
                connection.write(data)
                try:
                    if body is not None and not body.ended:
                        await body.send_rest(connection)
                    await connection.response_head(route.seconds)
                    break
                except UpstreamBroken:
                    # A kept connection may be closing just as we use it. Reading again changes nothing; a write might.
                    if not used or connection.answered or body is not None or method not in _SAFE:
                        raise
                    connection.abort()
                    connection, used = await upstream.fresh_connection(), False
            return await self._answer(scope, send, connection, upstream, request_id, limit)
        finally:
            if client is not None:
                client.upstream = None
            connection.finish(request_sent=body is None or body.ended)

    async def _answer(
        self, scope: Scope, send: Send, connection: Connection, upstream: Upstream, request_id: str, limit: Headers
    ) -> int:
        status = connection.status
        if status == 101:
            raise UpstreamBroken(retry_after=5)
        fields = answer_fields(connection.headers)
        fields.append((b"x-request-id", request_id.encode()))
        fields += limit
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
            if len(data) == connection.length and client.answer_at_once(scope, status, fields, data):
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

    def _address(self, scope: Scope, head: Head) -> str:
        """Return the client's address: the peer, or what a trusted edge in front of us says it was."""
        peer = scope["client"]
        address: str = peer[0] if peer else "-"
        if self._trusted and head.forwarded_for and any(ipaddress.ip_address(address) in net for net in self._trusted):
            said = head.forwarded_for.rpartition(b",")[2].strip().decode("latin-1")
            try:
                return str(ipaddress.ip_address(said))
            except ValueError:
                return address
        return address


def _outside(location: bytes, upstream: Upstream) -> bytes:
    """Make a redirect of a service to itself relative: its inside address means nothing to the client."""
    return location[len(upstream.origin) :] if location.startswith(upstream.origin + b"/") else location


async def refuse(send: Send, error: DomainError, head: Head, request_id: str) -> int:
    """Send the problem document of an error and return its status."""
    status, headers, body = render(error, head.language, request_id)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return status


def leave(scope: Scope) -> None:
    """Break the client's connection without an end of the answer."""
    client = scope.get("gateway.client")
    if client is not None:
        client.leave()
