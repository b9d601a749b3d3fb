"""How many sign-in attempts a name may have: five in 15 minutes, then a wait that doubles each time, at most a day.

Attempts are counted before the password is checked, so a hundred at once get no more tries than one after the other;
a right password clears the count. The name need not exist: the answer must not tell.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

ATTEMPTS: Final = 5
WINDOW: Final = timedelta(minutes=15)
LONGEST_BLOCK: Final = timedelta(hours=24)
FORGIVEN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Throttle:
    """What is remembered of one name."""

    attempts: int
    window_started_at: datetime
    blocks: int = 0
    blocked_until: datetime | None = None


def seconds_blocked(state: Throttle | None, now: datetime) -> int:
    """Return how many seconds the name must still wait, 0 when it may try."""
    if state is None or state.blocked_until is None or now >= state.blocked_until:
        return 0
    return int((state.blocked_until - now).total_seconds()) + 1


def count_attempt(state: Throttle | None, now: datetime) -> Throttle:
    """Return what to remember when an attempt begins; the fifth starts a block that only success lifts."""
    if state is None or (state.blocked_until and now - state.blocked_until > FORGIVEN_AFTER):
        state = Throttle(attempts=0, window_started_at=now)
    if now - state.window_started_at > WINDOW:
        state = replace(state, attempts=0, window_started_at=now)
    attempts = state.attempts + 1
    if attempts < ATTEMPTS:
        return replace(state, attempts=attempts)
    wait = min(WINDOW * 2**state.blocks, LONGEST_BLOCK)
    return Throttle(attempts=0, window_started_at=now, blocks=min(state.blocks + 1, 10), blocked_until=now + wait)
