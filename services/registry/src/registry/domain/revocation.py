"""Why access ends before its tokens do, and how long that has to be remembered."""

from datetime import timedelta
from typing import Final, Literal

from servicekit.token_times import LEEWAY_SECONDS, TOKENS_LIVE_SECONDS

RevocationReason = Literal[
    "logout", "locked", "password_set", "role_ended", "organisation_ended", "client_revoked", "token_reuse"
]
REMEMBERED: Final = timedelta(seconds=TOKENS_LIVE_SECONDS + LEEWAY_SECONDS + 60)
"""A token issued before a revocation is dead after this; a minute for requests that were under way."""
