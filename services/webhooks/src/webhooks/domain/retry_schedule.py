"""When to try again: the schedule of Standard Webhooks, a little more than three days long (webhooks study, W1).

0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after the attempt before; each moved by up to 20 % so that a
receiver that comes back is not hit by all its senders at once.
"""

from datetime import datetime, timedelta

STEPS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2
MAX_RETRY_AFTER = timedelta(hours=24)
DISABLE_AFTER = timedelta(days=5)


def next_attempt(
    attempts: int, now: datetime, *, chance: float, scale: float = 1.0, retry_after: timedelta | None = None
) -> datetime | None:
    """Return when to try again after `attempts` tries, or None when the schedule has ended.

    `chance` in 0..1 places the attempt inside the jitter; `retry_after` is the receiver's wish, honoured up to 24 h.
    """
    if attempts >= len(STEPS):
        return None
    wait = STEPS[attempts] * scale * (1 + JITTER * (2 * chance - 1))
    if retry_after is not None:
        wait = max(wait, min(retry_after, MAX_RETRY_AFTER))
    return now + wait
