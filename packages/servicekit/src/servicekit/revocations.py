"""Access that ended before its tokens did: learnt from the registry by every process that verifies tokens.

    registry: lock, logout, role ended … ── row, same transaction ──► GET /revocations ◄── each process, every 10 s

Over HTTP and not by events, so that it works while NATS is down (docs/decisions/0012). A process that has not heard
from the registry for as long as a token lives knows nothing any more and lets nobody in; until then tokens that were
good go on, and /readyz and the metrics say how old the knowledge is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from opentelemetry import metrics

from servicekit.errors import Unavailable
from servicekit.token_times import TOKENS_LIVE_SECONDS
from servicekit.waiting import pause

STALE_SECONDS: Final = 45.0
_RETRY_SECONDS: Final = 1.0
_age = metrics.get_meter("servicekit").create_gauge(
    "nhipcau_revocations_age_seconds", description="Since this process last heard whose access was revoked"
)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Revocation:
    """A session's tokens are no good; without a session, those of the subject issued before `revoked_at`.

    After `expires_at` no such token can be alive.
    """

    subject: UUID
    session: UUID | None
    revoked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What was revoked since a cursor, and the cursor to ask with next; repeats do no harm."""

    items: list[Revocation]
    cursor: str


def read_batch(body: Mapping[str, Any]) -> Batch:
    """Read the registry's answer. Raises KeyError, TypeError or ValueError when it is none."""
    items = [
        Revocation(
            subject=UUID(item["subject_id"]),
            session=UUID(item["session_id"]) if item["session_id"] else None,
            revoked_at=datetime.fromisoformat(item["revoked_at"]),
            expires_at=datetime.fromisoformat(item["expires_at"]),
        )
        for item in body["items"]
    ]
    return Batch(items, str(body["cursor"]))


Ask = Callable[[str | None], Awaitable[Batch]]


class Revocations:
    """What one process knows of revoked access.

    `ask(cursor)` reads what is new since a cursor; None asks for all that still counts.
    """

    def __init__(self, ask: Ask, *, clock: Callable[[], float] = time.time) -> None:
        self._ask = ask
        self._clock = clock
        self._cursor: str | None = None
        self._sessions: dict[UUID, float] = {}
        self._subjects: dict[UUID, tuple[int, float]] = {}
        self._heard_at = float("-inf")
        self._failed_at = float("-inf")
        self._wanted = False
        self._lock = asyncio.Lock()

    @property
    def age(self) -> float:
        """Seconds since the registry last answered; infinite before the first time."""
        return time.monotonic() - self._heard_at

    @property
    def state(self) -> str:
        """Say "up", or "stale" when the registry has not answered lately."""
        return "up" if self.age <= STALE_SECONDS else "stale"

    @property
    def due(self) -> bool:
        """Whether nothing may be decided before `catch_up`."""
        return self._wanted or self.age >= TOKENS_LIVE_SECONDS

    def refuses(self, subject: UUID, session: UUID, issued_ms: int) -> bool:
        """Tell whether a token of this session, issued at this millisecond, was revoked."""
        if session in self._sessions:
            return True
        before = self._subjects.get(subject)
        return before is not None and issued_ms < before[0]

    def want(self) -> None:
        """Have the next decision look first: this process has just revoked something itself."""
        self._wanted = True

    async def catch_up(self) -> None:
        """Ask now. Raises Unavailable, and at once for a second after the last failure."""
        async with self._lock:
            if not self.due:
                return
            if time.monotonic() - self._failed_at < _RETRY_SECONDS:
                raise Unavailable
            try:
                await self._look()
            except Exception as error:
                self._failed_at = time.monotonic()
                raise Unavailable from error

    async def watch(self, stop: asyncio.Event, seconds: float) -> None:
        """Ask every so many seconds until `stop`; a failure leaves what is known."""
        began = time.monotonic()
        while not stop.is_set():
            try:
                async with self._lock:
                    await self._look()
            except Exception as error:
                _log.warning("revocations_not_read", error=type(error).__name__, age_seconds=round(self.age, 1))
            _age.set(min(self.age, time.monotonic() - began))
            await pause(stop, seconds)

    async def _look(self) -> None:
        asked_at, wanted, self._wanted = time.monotonic(), self._wanted, False
        try:
            batch = await self._ask(self._cursor)
        except BaseException:
            self._wanted |= wanted
            raise
        for item in batch.items:
            until = item.expires_at.timestamp()
            if item.session is not None:
                self._sessions[item.session] = until
            else:
                before = int(item.revoked_at.timestamp() * 1000)
                known = self._subjects.get(item.subject, (0, 0.0))
                self._subjects[item.subject] = (max(before, known[0]), max(until, known[1]))
        self._cursor, self._heard_at = batch.cursor, asked_at
        now = self._clock()
        self._sessions = {session: until for session, until in self._sessions.items() if until > now}
        self._subjects = {subject: known for subject, known in self._subjects.items() if known[1] > now}
