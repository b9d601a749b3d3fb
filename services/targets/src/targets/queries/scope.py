"""Who may see and do what: a role counts for the organisations below the one it is held at.

The monitoring board (Ban Tuyên giáo và Dân vận) stands beside the tree: its roles count for every report.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, TextClause, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from servicekit.identity import Actor
from servicekit.tables import reference
from targets.domain.roles import READERS

ORGANISATION: Final = "organisation"
BOARD_KIND: Final = "mass_mobilisation_board"
BOARD_ROLES: Final = frozenset({"monitoring_officer", "approver", "auditor"})
GROUPS: Final = {"readers": READERS, "board": BOARD_ROLES}
"""What the row-level security asks by."""
organisation = reference.alias("organisation")
_board = reference.alias("board")
STOOD_ON: Final = (
    "((coalesce(organisation.data ->> 'start_known', 'true') = 'false' OR organisation.data ->> 'valid_from' <= :day)"
    " AND coalesce(organisation.data ->> 'valid_to' >= :day, true))"
)
"""Of `organisation` on an ISO day: ISO dates compare as text, an open end is later than any, and an unknown start is
earlier than any (`domain.validity.Span`)."""


def stood_on(day: date) -> TextClause:
    """Return the condition that `organisation` (the joined alias) stood on a day."""
    return text(STOOD_ON).bindparams(day=day.isoformat())


def organisations_of(actor: Actor, *roles: str) -> ColumnElement[Any]:
    """Return the actor's organisations as one array parameter."""
    held = sorted(actor.organisations(*roles))
    return bindparam(None, held, type_=ARRAY(Uuid()), unique=True)


def _is_board(actor: Actor, *roles: str) -> ColumnElement[bool]:
    """Boards of the former districts are in the registry too; only the city's counts."""
    return and_(
        _board.c.kind == ORGANISATION,
        _board.c.id == func.any(organisations_of(actor, *(roles or BOARD_ROLES))),
        _board.c.data["kind"].astext == BOARD_KIND,
        _board.c.data["level"].astext == "city",
    )


def boards_of(actor: Actor) -> ColumnElement[Any]:
    """Return, as an array, the monitoring boards at which the actor holds a board's role."""
    return func.array(
        select(_board.c.id).where(_is_board(actor)).scalar_subquery(),
        type_=ARRAY(Uuid()),
    )


def sees(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may see what belongs to `organisation` (the joined alias)."""
    return or_(organisation.c.path.overlap(organisations_of(actor, *READERS)), exists().where(_is_board(actor)))


def at_board(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor holds a board's role at the city's monitoring board."""
    return exists().where(_is_board(actor))


def board_role(actor: Actor, role: str) -> ColumnElement[bool]:
    """Return the condition that the actor holds this role at the city's monitoring board."""
    return exists().where(_is_board(actor, role))


def roles_towards(actor: Actor, path: Iterable[UUID], boards: Iterable[UUID]) -> frozenset[str]:
    """Return the roles the actor holds towards an organisation with this path.

    Approving is the board's alone: an approver elsewhere approves nothing here.
    """
    above, board = frozenset(path), frozenset(boards)
    return frozenset(
        grant.role
        for grant in actor.grants
        if (grant.organisation in board and grant.role in BOARD_ROLES)
        or (grant.organisation in above and grant.role != "approver")
    )
