"""What the holder of code and secret sees; each read is one statement by one index.

`submission_of_ticket` opens the rows of exactly this ticket to the rest of the transaction (row-level security).
"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Row, Uuid, bindparam, literal_column, select, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.domain.intake import UnknownTicket
from feedback.queries.deadlines import CHANGES
from feedback.queries.parts import FILES, LINES
from feedback.tables import submission
from servicekit.db import Database

_COLUMNS = tuple(
    literal_column(f"submission.{name}", submission.c[name].type).label(name)
    for name in (
        "id",
        "code",
        "status",
        "version",
        "kind",
        "identity_mode",
        "unit_id",
        "front_organisation_id",
        "holder_organisation_id",
        "received_at",
        "received_on",
        "status_due_on",
        "status_due_provisional",
        "status_rule_version",
        "anchor_on",
        "due_on",
        "due_provisional",
        "rule_key",
        "rule_version",
        "outcome",
        "answered_on",
        "case_id",
    )
)
_OPENED = text("submission_of_ticket(:ticket) AS submission").bindparams(bindparam("ticket", type_=LargeBinary))
_DRIVER = asyncpg.dialect()  # type: ignore[no-untyped-call]
_IN_FULL = str(select(*_COLUMNS, LINES, FILES, CHANGES).select_from(_OPENED).compile(dialect=_DRIVER))
_FOR_STEP = select(*_COLUMNS).select_from(_OPENED)
_FOR_DEADLINE = select(*_COLUMNS, CHANGES).select_from(_OPENED)
_RECEIPT = select(_COLUMNS[0], literal_column("submission.receipt_sealed", LargeBinary).label("receipt_sealed"))
_RECEIPT = _RECEIPT.select_from(_OPENED)
# OFFSET 0 keeps the planner from looking at the photo before the ticket is known.
_FILE = text(
    "SELECT photo.* FROM submission_of_ticket(:ticket) AS submission CROSS JOIN LATERAL"
    " (SELECT * FROM attachment WHERE submission_id = submission.id AND id = :attachment_id OFFSET 0) AS photo"
).bindparams(bindparam("ticket", type_=LargeBinary), bindparam("attachment_id", type_=Uuid))


async def tracked_in_full(database: Database, ticket: bytes) -> SimpleNamespace:
    """Return the item of a ticket with timeline and photos. Raises UnknownTicket.

    The hottest read of the house, so it goes past SQLAlchemy: the same statement, compiled once.
    """
    rows = await database.fetch(_IN_FULL, ticket)
    if not rows:
        raise UnknownTicket
    return SimpleNamespace(**rows[0])


async def tracked_for_step(session: AsyncSession, ticket: bytes) -> Row[Any]:
    """Return what a step of the sender decides on. Raises UnknownTicket."""
    return _found(await session.execute(_FOR_STEP, {"ticket": ticket}))


async def tracked_for_deadline(session: AsyncSession, ticket: bytes) -> Row[Any]:
    """Return what the explanation of the deadlines needs. Raises UnknownTicket."""
    return _found(await session.execute(_FOR_DEADLINE, {"ticket": ticket}))


async def tracked_receipt(session: AsyncSession, ticket: bytes) -> Row[Any]:
    """Return the id and the sealed receipt. Raises UnknownTicket."""
    return _found(await session.execute(_RECEIPT, {"ticket": ticket}))


async def tracked_file(session: AsyncSession, ticket: bytes, attachment_id: UUID) -> Row[Any]:
    """Return where a photo of the ticket's item lies. Raises UnknownTicket."""
    return _found(await session.execute(_FILE, {"ticket": ticket, "attachment_id": attachment_id}))


def _found(result: Any) -> Row[Any]:
    row: Row[Any] | None = result.one_or_none()
    if row is None:
        raise UnknownTicket
    return row
