"""How many tries to sign in are allowed: by name against guessing one password, by address against trying one on many.

Tries are counted before anything is checked, so a hundred at once get no more than one after the other. The name need
not exist and the answer must not tell. A try that succeeds is taken off again: a name starts anew, an address, which
a whole office may share, is only relieved of that one.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

FORGIVEN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in a window; the last of them starts a wait that doubles each time up to `longest_block`."""

    attempts: int
    window: timedelta = timedelta(minutes=15)
    longest_block: timedelta = timedelta(minutes=15)


BY_NAME: Final = Limit(attempts=5, longest_block=timedelta(hours=1))
"""An hour at most (NIST SP 800-63B-4 §3.2.2), or strangers could keep a person out for days with five tries a day. The
way in meanwhile: a session that goes on, or a recovery code from an administrator, which lifts the wait."""
BY_ADDRESS: Final = Limit(attempts=50)
"""Failed tries of one network (/24 or /56). It does not double: the people there share one address with the culprit."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """What is remembered of one name or address."""

    attempts: int
    window_started_at: datetime
    blocks: int = 0
    blocked_until: datetime | None = None


def seconds_blocked(state: Throttle | None, now: datetime) -> int:
    """Return how many seconds must still be waited, 0 when a try is allowed."""
    if state is None or state.blocked_until is None or now >= state.blocked_until:
        return 0
    return int((state.blocked_until - now).total_seconds()) + 1


def count_attempt(state: Throttle | None, now: datetime, limit: Limit) -> Throttle:
    """Return what to remember when a try begins; the last allowed one starts a block."""
    if state is None or (state.blocked_until and now - state.blocked_until > FORGIVEN_AFTER):
        state = Throttle(attempts=0, window_started_at=now)
    if now - state.window_started_at > limit.window:
        state = replace(state, attempts=0, window_started_at=now)
    attempts = state.attempts + 1
    if attempts < limit.attempts:
        return replace(state, attempts=attempts)
    wait = min(limit.window * 2**state.blocks, limit.longest_block)
    return Throttle(attempts=0, window_started_at=now, blocks=min(state.blocks + 1, 10), blocked_until=now + wait)


def forgive_attempt(state: Throttle, now: datetime, limit: Limit) -> Throttle:
    """Return what to remember when a counted try succeeded: one less, and no block if it was the last one needed."""
    if seconds_blocked(state, now):
        return replace(state, attempts=limit.attempts - 1, blocks=max(state.blocks - 1, 0), blocked_until=None)
    return replace(state, attempts=max(state.attempts - 1, 0))
