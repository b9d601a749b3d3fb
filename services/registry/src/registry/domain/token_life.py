"""How long an access token lives."""

from datetime import date, datetime

from servicekit.token_times import TOKENS_LIVE_SECONDS
from servicekit.working_days import end_of_day


def lifetime_seconds(now: datetime, last_day: date | None) -> int:
    """Return ten minutes, or less when one of the roles in the token ends with `last_day`: at that day's end."""
    if last_day is None:
        return TOKENS_LIVE_SECONDS
    left = int((end_of_day(last_day) - now).total_seconds())
    return max(1, min(TOKENS_LIVE_SECONDS, left))
