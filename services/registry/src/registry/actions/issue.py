"""What a successful sign-in of any sort leads to."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from registry.domain.roles import DECIDING
from registry.queries.access import Held


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts at most (days), and how long a refresh token may lie unused (hours)."""

    session_days: int
    refresh_hours: int


@dataclass(frozen=True, slots=True)
class Issued:
    """Whom the next access token is for, with the grants of today; `withheld` roles need a second factor first.

    The token ends at `good_until` if that comes first: it must not outlive what it was given for.
    """

    kind: str
    subject: UUID
    session_id: UUID
    held: Held
    scopes: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    good_until: datetime | None = None


def issued_to_person(
    account: UUID, session_id: UUID, held: Held, *, second_factor: bool, good_until: datetime | None = None
) -> Issued:
    """Return what a person's session gets: without a second factor, no role that decides."""
    counting = tuple(grant for grant in held.grants if second_factor or grant.role not in DECIDING)
    withheld = sorted({grant.role for grant in held.grants} - {grant.role for grant in counting})
    return Issued(
        "person", account, session_id, replace(held, grants=counting), withheld=tuple(withheld), good_until=good_until
    )
