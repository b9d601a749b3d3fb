"""What staff see of submissions: only items whose Front committee or holder is theirs or below theirs.

The scope is part of each statement: who may not see an item finds nothing, and cannot tell that from "not there".
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.domain.intake import STAFF
from feedback.queries.deadlines import CHANGES
from feedback.queries.parts import FILES, FRONT_PATH, HAS_IDENTITY, LINES
from feedback.tables import attachment, identity_vault, submission
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from servicekit.reference import within

_SUMMARY = tuple(
    submission.c[name]
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
        "due_on",
        "due_provisional",
        "rule_key",
        "rule_version",
        "outcome",
        "answered_on",
        "case_id",
    )
)
_FOR_STEP = (
    *_SUMMARY,
    submission.c.anchor_on,
    FRONT_PATH,
)


_MINE = bindparam("mine", type_=ARRAY(Uuid))
_VISIBLE = or_(within(submission.c.front_organisation_id, _MINE), within(submission.c.holder_organisation_id, _MINE))
"""An organisation of the actor (`mine`) stands in the path of the item's Front committee or of its holder."""
_IS_IT = submission.c.id == bindparam("submission_id")
_ITEM_FOR_STEP = select(*_FOR_STEP).where(_IS_IT, _VISIBLE)
_ITEM_FOR_DEADLINE = select(*_FOR_STEP, CHANGES).where(_IS_IT, _VISIBLE)
_ITEM_IN_FULL = select(*_FOR_STEP, submission.c.content_sealed, LINES, FILES, HAS_IDENTITY).where(_IS_IT, _VISIBLE)
_FILE = (
    select(attachment)
    .join(submission, submission.c.id == attachment.c.submission_id)
    .where(attachment.c.id == bindparam("attachment_id"), _IS_IT, _VISIBLE)
)
_CONTACT = select(identity_vault.c.contact_sealed).where(identity_vault.c.submission_id == bindparam("submission_id"))


async def item_for_step(
    session: AsyncSession, submission_id: UUID, *, actor: Actor, roles: tuple[str, ...] = STAFF
) -> Row[Any]:
    """Return what a step decides on. Raises NotFound when it is not there or not visible."""
    values = {"submission_id": submission_id, "mine": list(actor.organisations(*roles))}
    return _found(await session.execute(_ITEM_FOR_STEP, values))


async def item_for_deadline(session: AsyncSession, submission_id: UUID, *, actor: Actor) -> Row[Any]:
    """Return what the explanation of the deadlines needs. Raises NotFound when it is not there or not visible."""
    values = {"submission_id": submission_id, "mine": list(actor.organisations(*STAFF))}
    return _found(await session.execute(_ITEM_FOR_DEADLINE, values))


async def item_in_full(session: AsyncSession, submission_id: UUID, *, actor: Actor) -> Row[Any]:
    """Return an item with its content (sealed), timeline and photos. Raises NotFound."""
    values = {"submission_id": submission_id, "mine": list(actor.organisations(*STAFF))}
    return _found(await session.execute(_ITEM_IN_FULL, values))


async def list_items(
    session: AsyncSession,
    window: Window,
    *,
    actor: Actor,
    status: str | None,
    unit_id: UUID | None,
    due_before: date | None,
    code: str | None,
) -> Sequence[Row[Any]]:
    """Return one page of items, newest first."""
    statement = select(*_SUMMARY).where(_VISIBLE)
    if status is not None:
        statement = statement.where(submission.c.status == status)
    if unit_id is not None:
        statement = statement.where(submission.c.unit_id == unit_id)
    if due_before is not None:
        statement = statement.where(submission.c.due_on < due_before)
    if code is not None:
        statement = statement.where(submission.c.code == code)
    order = [submission.c.received_at, submission.c.id]
    page = window.select(statement, order, descending=True)
    return (await session.execute(page, {"mine": list(actor.organisations(*STAFF))})).all()


async def file_of_item(session: AsyncSession, submission_id: UUID, attachment_id: UUID, *, actor: Actor) -> Row[Any]:
    """Return where a photo of a visible item lies. Raises NotFound."""
    values = {
        "submission_id": submission_id,
        "attachment_id": attachment_id,
        "mine": list(actor.organisations(*STAFF)),
    }
    return _found(await session.execute(_FILE, values))


async def contact_of(session: AsyncSession, submission_id: UUID) -> bytes | None:
    """Return the sealed contact, or None when none was left."""
    sealed: bytes | None = await session.scalar(_CONTACT, {"submission_id": submission_id})
    return sealed


def _found(result: Any) -> Row[Any]:
    row: Row[Any] | None = result.one_or_none()
    if row is None:
        raise NotFound
    return row
