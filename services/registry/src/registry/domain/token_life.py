"""How long an access token lives."""

from datetime import date, datetime

from servicekit.token_times import TOKENS_LIVE_SECONDS
from servicekit.working_days import end_of_day


def lifetime_seconds(now: datetime, last_day: date | None, good_until: datetime | None = None) -> int:
    """Return ten minutes, or less when one of the roles in the token ends with `last_day`: at that day's end.

    What the token is given for may end sooner, at `good_until`.
    """
    ends = [moment for moment in (good_until, end_of_day(last_day) if last_day else None) if moment is not None]
    left = [int((moment - now).total_seconds()) for moment in ends]
    return max(1, min(TOKENS_LIVE_SECONDS, *left)) if left else TOKENS_LIVE_SECONDS
