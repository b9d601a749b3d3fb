"""One log line and one measurement per HTTP request, as plain ASGI because it runs for every request."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.telemetry import traces
from servicekit.telemetry.logs import write_request
from servicekit.telemetry.measures import request_ended, request_started
from servicekit.telemetry.operations import begin_request, end_request

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
_NO_ANSWER: Final = 499  # the client went away first (nginx's number)


class RequestTelemetry:
    """Gives each request its id, logs method, route template, status and milliseconds, and measures it.

    The route template comes from routing, or from `scope["nhipcau.route"]` where there is none, as in a gateway.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the answer gets an `X-Request-ID` header."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_started()
        status = 0
        problem: Exception | None = None
        operation, token = begin_request(scope)
        header = (b"x-request-id", str(operation.request_id).encode())

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [h for h in message.get("headers", ()) if h[0] != b"x-request-id"] + [header]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            status, problem = 500, error
            raise
        finally:
            seconds = time.perf_counter() - started
            end_request(token)
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            route = _route_of(scope)
            status = status or _NO_ANSWER
            request_ended(method, route, status, seconds)
            if not operation.is_quiet:
                traces.end_span(operation.span, method=method, route=route, status=status)
            if route not in _PROBES:  # asked every second while a service starts; /healthz and the state tell it better
                write_request(method, route, status, operation=operation, seconds=seconds, problem=problem)


def _route_of(scope: Scope) -> str:
    template = scope.get("nhipcau.route")
    if template is None:
        template = getattr(scope.get("route"), "path", None)
    return str(template) if template else "unmatched"
