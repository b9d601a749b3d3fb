"""Who sees which rows, as conditions of the SQL itself: what is not visible is not there.

case file        the presiding organisation and those above it
recommendation   the same, and each addressee (and those above it) its own part
"""

from uuid import UUID

from oversight.domain.roles import ADDRESSED, CASE_READERS, PRESIDING
from servicekit.identity import Actor


def case_scope(actor: Actor) -> frozenset[UUID]:
    """Return the organisations whose case files the actor may read, each with those below it."""
    return actor.organisations(*CASE_READERS)


def reply_scope(actor: Actor) -> frozenset[UUID]:
    """Return the organisations for which the actor may read what was recommended to them."""
    return actor.organisations(*CASE_READERS, *ADDRESSED)


def roles_for_case(actor: Actor, presiding: UUID) -> frozenset[str]:
    """Return the roles with which the actor can act on a case: those held at the presiding organisation itself."""
    return _held(actor, presiding) & PRESIDING


def roles_for_part(actor: Actor, presiding: UUID, addressed: UUID) -> frozenset[str]:
    """Return the roles with which the actor can act on one addressee's part, from either side."""
    return (_held(actor, presiding) & PRESIDING) | (_held(actor, addressed) & ADDRESSED)


def _held(actor: Actor, organisation: UUID) -> frozenset[str]:
    return frozenset(grant.role for grant in actor.grants if grant.organisation == organisation)
