"""Reads of recommendations, always by the parts (addressees) the actor may see."""

from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from oversight.domain.addressee_steps import WAITING
from oversight.queries.visibility import case_scope, reply_scope
from oversight.tables import addressee, oversight_case, recommendation
from servicekit.deadline_answers import changes_of
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from servicekit.reference import within

Part = Row[Any] | SimpleNamespace
"""One addressee with what it needs to know of its recommendation and case; see `_parts` for its members."""


def _parts() -> Select[Any]:
    """Select an addressee with what it needs to know of its recommendation; ids and texts of the case stay out."""
    return (
        select(
            addressee,
            recommendation.c.case_id,
            recommendation.c.number,
            recommendation.c.text,
            recommendation.c.served_on,
            recommendation.c.rule,
            recommendation.c.superior_organisation_id,
            oversight_case.c.presiding_organisation_id,
            oversight_case.c.title.label("case_title"),
        )
        .join(recommendation, recommendation.c.id == addressee.c.recommendation_id)
        .join(oversight_case, oversight_case.c.id == recommendation.c.case_id)
    )


def _visible(actor: Actor) -> ColumnElement[bool]:
    return or_(
        within(oversight_case.c.presiding_organisation_id, case_scope(actor)),
        within(addressee.c.organisation_id, reply_scope(actor)),
    )


async def parts(session: AsyncSession, recommendation_id: UUID, actor: Actor) -> Sequence[Part]:
    """Return the visible parts of a recommendation, in the order served (one statement). Raises NotFound."""
    statement = (
        _parts().where(addressee.c.recommendation_id == recommendation_id, _visible(actor)).order_by(addressee.c.id)
    )
    rows: Sequence[Part] = (await session.execute(statement)).all()
    if not rows:
        raise NotFound
    return rows


async def part(session: AsyncSession, recommendation_id: UUID, organisation_id: UUID, actor: Actor) -> Row[Any]:
    """Return one addressee's part if the actor may see it (one statement). Raises NotFound."""
    return await _one_part(session, _parts(), recommendation_id, organisation_id, actor)


async def part_for_deadline(
    session: AsyncSession, recommendation_id: UUID, organisation_id: UUID, actor: Actor
) -> Row[Any]:
    """Return a part with its `deadline_changes` if the actor may see it (one statement). Raises NotFound."""
    statement = _parts().add_columns(changes_of(addressee.c.id))
    return await _one_part(session, statement, recommendation_id, organisation_id, actor)


async def _one_part(
    session: AsyncSession, parts: Select[Any], recommendation_id: UUID, organisation_id: UUID, actor: Actor
) -> Row[Any]:
    statement = parts.where(
        addressee.c.recommendation_id == recommendation_id,
        addressee.c.organisation_id == organisation_id,
        _visible(actor),
    )
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def page_of_parts(
    session: AsyncSession,
    window: Window,
    actor: Actor,
    *,
    status: str | None = None,
    organisation_id: UUID | None = None,
    case_id: UUID | None = None,
    due_before: date | None = None,
) -> Sequence[Row[Any]]:
    """Return a page of visible parts, the earliest due first (one statement)."""
    statement = _parts().where(_visible(actor))
    for column, wanted in (
        (addressee.c.status, status),
        (addressee.c.organisation_id, organisation_id),
        (recommendation.c.case_id, case_id),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if due_before is not None:
        statement = statement.where(addressee.c.reply_due_on < due_before)
    columns = [addressee.c.reply_due_on, addressee.c.id]
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, columns))).all()
    return rows


async def next_silent_part(session: AsyncSession, today: date) -> Row[Any] | None:
    """Return an addressee silent past its clock, locked for this transaction, skipping what others hold."""
    statement = (
        _parts()
        .where(addressee.c.status.in_(WAITING), addressee.c.reply_due_on < today)
        .order_by(addressee.c.reply_due_on, addressee.c.id)
        .limit(1)
        .with_for_update(of=addressee, skip_locked=True)
    )
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    return row


def served_parts(case: Row[Any], served: Row[Any], addressees: Sequence[Row[Any]]) -> list[Part]:
    """Put rows just written together as parts, so that answering them needs no statement more."""
    shared = {
        "case_id": case.id,
        "number": served.number,
        "text": served.text,
        "served_on": served.served_on,
        "rule": served.rule,
        "superior_organisation_id": served.superior_organisation_id,
        "presiding_organisation_id": case.presiding_organisation_id,
        "case_title": case.title,
    }
    return [SimpleNamespace(**row._mapping, **shared) for row in addressees]
