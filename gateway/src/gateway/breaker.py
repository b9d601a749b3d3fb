"""The circuit breaker of one service: after five failures in a row callers are told at once, and one at a time tries.

A failure is a refused connection, one that broke before the answer, or an answer that did not come in time; and a
502, a 504 or a 503 without Retry-After, which no service of the house sends: something in between did. A 503 with
Retry-After is the service's own answer (its database is down, it is overloaded) and says that it is alive.
"""

import time
from collections.abc import Callable
from enum import IntEnum

from prometheus_client import Counter, Gauge

from gateway.refusals import Headers, UpstreamDown
from servicekit.telemetry.measures import REGISTRY

FAILURES = 5
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
# A probe that has not been heard of for so long no longer keeps others from trying.
_PROBE_SECONDS = 60.0

_STATE = Gauge("gateway_breaker_state", "0 closed, 1 half open, 2 open.", ["service"], registry=REGISTRY)
_OPENED = Counter("gateway_breaker_opened", "Times the breaker opened.", ["service"], registry=REGISTRY)


class State(IntEnum):
    """Closed lets everybody through, open nobody, half open one request that finds out."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Every request begins with `enter` and ends with exactly one of `answered`, `failed` and `left`."""

    def __init__(self, service: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = State.CLOSED
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._answered_at = float("-inf")
        self._probe: float | None = None
        self._gauge = _STATE.labels(service)
        self._opened = _OPENED.labels(service)

    @property
    def state(self) -> State:
        """The state now; an open breaker whose pause is over is half open."""
        if self._state is State.OPEN and self._clock() >= self._until:
            self._become(State.HALF_OPEN)
        return self._state

    def enter(self) -> float:
        """Return the time of this attempt. Raises UpstreamDown when the breaker lets nobody through."""
        now = self._clock()
        if self._state is State.CLOSED:
            return now
        if self.state is State.OPEN:
            raise UpstreamDown(retry_after=max(1, round(self._until - now + 0.5)))
        if self._probe is not None and now - self._probe < _PROBE_SECONDS:
            raise UpstreamDown(retry_after=2)
        self._probe = now
        return now

    def answered(self, began: float, status: int = 200, headers: Headers | None = None) -> None:
        """The service answered; what came from something in between is a failure."""
        if status >= 502 and _from_between(status, headers or []):
            self.failed(began)
            return
        self._answered_at = self._clock()
        self._failures = 0
        if self._state is not State.CLOSED and began == self._probe:
            self._probe = None
            self._pause = FIRST_PAUSE
            self._become(State.CLOSED)

    def failed(self, began: float) -> None:
        """The service did not answer. A request older than the last answer says nothing about now."""
        if self._state is State.CLOSED:
            if began >= self._answered_at:
                self._failures += 1
                if self._failures >= FAILURES:
                    self._open()
        elif began == self._probe:
            self._probe = None
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._open()

    def left(self, began: float) -> None:
        """The request ended for a reason that says nothing about the service; another one may find out."""
        if began == self._probe:
            self._probe = None

    def _open(self) -> None:
        self._failures = 0
        self._until = self._clock() + self._pause
        self._opened.inc()
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self._state = state
        self._gauge.set(state)


def _from_between(status: int, headers: Headers) -> bool:
    if status == 503:
        return all(name != b"retry-after" for name, _ in headers)
    return status in (502, 504)
