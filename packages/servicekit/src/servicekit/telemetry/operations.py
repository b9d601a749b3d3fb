"""The operation a line or an event belongs to: one request, or one event being handled.

Source: W3C Trace Context, Recommendation of 23 November 2021 (`traceparent`, version 00).
"""

import os
import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final, TypeVar

from servicekit.telemetry import traces

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Operation:
    """One unit of work with its ids; `scope` is the ASGI scope of a request, which knows the route after routing."""

    __slots__ = ("flags", "request_id", "scope", "span", "span_id", "trace_id")

    def __init__(
        self,
        given: tuple[str, str, str] | None,
        scope: MutableMapping[str, Any] | None = None,
        request_id: str | None = None,
        name: str = "request",
    ) -> None:
        fresh = os.urandom(36).hex()
        self.request_id = request_id or (fresh[48:] if scope is not None else None)
        self.scope = scope
        self.span = traces.start_span(name, given, is_request=scope is not None)
        if self.span is not None:
            ids = self.span.get_span_context()
            self.trace_id, self.span_id = f"{ids.trace_id:032x}", f"{ids.span_id:016x}"
            self.flags = f"{int(ids.trace_flags):02x}"
        else:
            self.trace_id, self.flags = (given[0], given[2]) if given else (fresh[16:48], "00")
            self.span_id = fresh[:16]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing may be kept that finds this request again."""
        scope = self.scope
        return scope is not None and ("nhipcau.quiet" in scope or getattr(scope.get("endpoint"), "__quiet__", False))


_current: ContextVar[Operation | None] = ContextVar("operation", default=None)


def current() -> Operation | None:
    """Return the operation this code runs for."""
    return _current.get()


def current_request_id() -> str | None:
    """Return the request id, which a person can quote to an administrator."""
    operation = _current.get()
    return operation.request_id if operation else None


def current_traceparent() -> str | None:
    """Return the `traceparent` to send on; None outside an operation and on quiet routes."""
    operation = _current.get()
    if operation is None or operation.is_quiet:
        return None
    return f"00-{operation.trace_id}-{operation.span_id}-{operation.flags}"


@contextmanager
def with_traceparent(traceparent: str | None, name: str = "event") -> Iterator[None]:
    """Do what is inside as part of the trace an event came with; an unreadable value starts a new trace."""
    operation = Operation(read_traceparent(traceparent), name=name)
    token = _current.set(operation)
    try:
        yield
    finally:
        _current.reset(token)
        traces.end_span(operation.span)


def begin_request(scope: MutableMapping[str, Any]) -> tuple[Operation, Token[Operation | None]]:
    """Start a request's operation; its request id is put into the scope's headers for everything inside."""
    request_id = given = None
    headers = scope["headers"]
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value.decode("latin-1")
        elif name == b"traceparent":
            given = read_traceparent(value.decode("latin-1"))
    if request_id is not None and _REQUEST_ID.fullmatch(request_id) is None:
        headers = [header for header in headers if header[0] != b"x-request-id"]
        request_id = None
    operation = Operation(given, scope, request_id)
    if request_id is None:
        scope["headers"] = [*headers, (b"x-request-id", str(operation.request_id).encode())]
    return operation, _current.set(operation)


def end_request(token: Token[Operation | None]) -> None:
    """End the request's operation."""
    _current.reset(token)


def read_traceparent(value: str | None) -> tuple[str, str, str] | None:
    """Return trace id, parent id and flags, or None when the value cannot be trusted to be one."""
    match = _TRACEPARENT.fullmatch(value) if value and len(value) <= 256 else None
    if match is None or value is None or value.startswith("ff") or (value.startswith("00") and match[4]):
        return None
    trace_id, parent_id, flags = match[1], match[2], match[3]
    if trace_id == _NO_TRACE or parent_id == _NO_SPAN:
        return None
    return trace_id, parent_id, "01" if flags[1] in "13579bdf" else "00"


def quiet(endpoint: Endpoint) -> Endpoint:
    """Mark a route's function: its log lines carry the minute only, no ids, no duration, and no trace is kept."""
    endpoint.__quiet__ = True  # type: ignore[attr-defined]
    return endpoint


def mark_quiet(scope: MutableMapping[str, Any]) -> None:
    """Mark one request as quiet where there is no route function, as in a gateway."""
    scope["nhipcau.quiet"] = True
