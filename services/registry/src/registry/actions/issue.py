"""What a successful sign-in of any sort leads to."""

from dataclasses import dataclass
from uuid import UUID

from registry.queries.access import Held


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts at most (days), and how long a refresh token may lie unused (hours)."""

    session_days: int
    refresh_hours: int


@dataclass(frozen=True, slots=True)
class Issued:
    """Whom the next access token is for, with what is held today."""

    kind: str
    subject: UUID
    session_id: UUID
    held: Held
    scopes: tuple[str, ...] = ()
