"""What a successful sign-in of any sort leads to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from servicekit.identity import Grant


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts at most (days), and how long a refresh token may lie unused (hours)."""

    session_days: int
    refresh_hours: int


@dataclass(frozen=True, slots=True)
class Issued:
    """Whom the next access token is for, with the grants of today.

    The token ends at `good_until` if that comes first: it must not outlive what it was given for.
    """

    kind: str
    subject: UUID
    session_id: UUID
    grants: tuple[Grant, ...]
    scopes: tuple[str, ...] = ()
    good_until: datetime | None = None
