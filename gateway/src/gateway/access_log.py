"""The access log: one JSON line a request, without anything that names a person.

It says the route's template, never path or query, and an address only of signed-in callers and of what was refused:
somebody who reads public facts just before writing to us must not be found by that. On the anonymous routes (sending
feedback, following it by code) it says neither id nor exact time: those lines wait for the end of their minute and
leave shuffled, so that their place among the other lines tells nothing either (reliability §5 T2).
"""

import asyncio
import random
import sys
import time
from typing import TextIO

from gateway.routing import Route

_FLUSH_SECONDS = 0.2
_FLUSH_LINES = 256


class AccessLog:
    """Collects lines and writes them a few times a second; `close` writes what is left."""

    def __init__(self, out: TextIO | None = None, *, pretty: bool = False) -> None:
        self._out = out or sys.stdout
        self._pretty = pretty
        self._lines: list[str] = []
        self._hidden: dict[int, list[str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._minute_timer: asyncio.TimerHandle | None = None
        self._second = 0
        self._second_text = ""
        self._order = random.SystemRandom()

    def note(
        self, method: str, route: Route | None, status: int, request_id: str, address: str, *, seconds: float
    ) -> None:
        """Write down one answered request; `address` may be empty."""
        now = time.time()
        template, service = (route.template, route.service) if route is not None else ("-", "-")
        if route is not None and route.anonymous:
            minute = int(now // 60)
            stamp = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(minute * 60))
            self._hidden.setdefault(minute, []).append(self._line(stamp, method, template, service, status, ""))
            if self._minute_timer is None:
                wait = (minute + 1) * 60 - now + 0.05
                self._minute_timer = asyncio.get_running_loop().call_later(wait, self._release)
        else:
            ms = f"{seconds * 1000:.1f}"
            if self._pretty:
                rest = f" {ms} ms {request_id} {address}"
            else:
                rest = f',"ms":{ms},"request_id":"{request_id}"' + (f',"client":"{address}"' if address else "")
            self._lines.append(self._line(self._stamp(now), method, template, service, status, rest))
            if len(self._lines) >= _FLUSH_LINES:
                self._write()
            elif self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flush)

    def _line(self, stamp: str, method: str, template: str, service: str, status: int, rest: str) -> str:
        # Every part is ours or was checked: template and service come from the table, the method from a fixed set,
        # the id is hexadecimal and the address was parsed, so nothing here can need escaping.
        if self._pretty:
            return f"{stamp} {method} {template} {status}{rest}\n"
        return (
            f'{{"time":"{stamp}","level":"info","event":"request","service":"gateway","method":"{method}",'
            f'"route":"{template}","upstream":"{service}","status":{status}{rest}}}\n'
        )

    def _stamp(self, now: float) -> str:
        second = int(now)
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"

    def _flush(self) -> None:
        self._timer = None
        self._write()

    def _release(self) -> None:
        """Let go the lines of the minutes that ended."""
        self._minute_timer = None
        now = time.time()
        for past in [minute for minute in self._hidden if minute < now // 60]:
            self._take(past)
        self._write()
        if self._hidden:
            self._minute_timer = asyncio.get_running_loop().call_later(60.05 - now % 60, self._release)

    def _take(self, minute: int) -> None:
        lines = self._hidden.pop(minute)
        self._order.shuffle(lines)
        self._lines += lines

    def _write(self) -> None:
        if self._lines:
            text, self._lines = "".join(self._lines), []
            self._out.write(text)
            self._out.flush()

    def close(self) -> None:
        """Write everything, the waiting lines too (their minute is all they say)."""
        for minute in list(self._hidden):
            self._take(minute)
        self._write()
