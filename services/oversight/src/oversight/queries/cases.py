"""Reads of case files and of the feedback items they can be opened from."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from oversight.domain.addressee_steps import FINAL
from oversight.queries.visibility import case_scope
from oversight.tables import addressee, feedback_item, oversight_case, recommendation
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from servicekit.reference import within

_CLOCK = (
    recommendation.c.id,
    recommendation.c.number,
    recommendation.c.served_on,
    addressee.c.organisation_id,
    addressee.c.status,
    addressee.c.reply_due_on,
    addressee.c.due_provisional,
    recommendation.c.rule,
)


async def case(session: AsyncSession, case_id: UUID, actor: Actor) -> Row[Any]:
    """Return a case file the actor may see (one statement). Raises NotFound."""
    row = (
        await session.execute(
            select(oversight_case).where(
                oversight_case.c.id == case_id,
                within(oversight_case.c.presiding_organisation_id, case_scope(actor)),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


async def cases(
    session: AsyncSession,
    window: Window,
    actor: Actor,
    *,
    status: str | None = None,
    form: str | None = None,
    submission_id: UUID | None = None,
    presiding_organisation_id: UUID | None = None,
) -> Sequence[Row[Any]]:
    """Return a page of visible case files, newest first (one statement)."""
    statement = select(oversight_case).where(within(oversight_case.c.presiding_organisation_id, case_scope(actor)))
    for column, wanted in (
        (oversight_case.c.status, status),
        (oversight_case.c.form, form),
        (oversight_case.c.submission_id, submission_id),
        (oversight_case.c.presiding_organisation_id, presiding_organisation_id),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return (await session.execute(window.select(statement, [oversight_case.c.id], descending=True))).all()


async def case_with_clocks(session: AsyncSession, case_id: UUID, actor: Actor) -> tuple[Row[Any], list[Any]]:
    """Return a visible case file, and a line per addressee of its recommendations, oldest first (one statement).

    Raises NotFound.
    """
    statement = (
        select(oversight_case, *(column.label(f"clock_{column.name}") for column in _CLOCK))
        .outerjoin(recommendation, recommendation.c.case_id == oversight_case.c.id)
        .outerjoin(addressee, addressee.c.recommendation_id == recommendation.c.id)
        .where(
            oversight_case.c.id == case_id,
            within(oversight_case.c.presiding_organisation_id, case_scope(actor)),
        )
        .order_by(recommendation.c.id, addressee.c.id)
    )
    rows = (await session.execute(statement)).all()
    if not rows:
        raise NotFound
    names = [column.name for column in _CLOCK]
    lines = [SimpleNamespace(**{name: getattr(row, f"clock_{name}") for name in names}) for row in rows]
    return rows[0], [line for line in lines if line.organisation_id is not None]


async def open_addressees(session: AsyncSession, case_id: UUID) -> int:
    """Return how many addressees of a case are neither verified nor ended (one statement)."""
    statement = (
        select(func.count())
        .select_from(addressee.join(recommendation, recommendation.c.id == addressee.c.recommendation_id))
        .where(recommendation.c.case_id == case_id, addressee.c.status.not_in(FINAL))
    )
    return (await session.execute(statement)).scalar_one()


async def visible_submission(session: AsyncSession, submission_id: UUID, actor: Actor) -> Row[Any]:
    """Return a feedback item sent to an organisation the actor is responsible for. Raises NotFound."""
    row = (
        await session.execute(
            select(feedback_item).where(
                feedback_item.c.submission_id == submission_id,
                within(feedback_item.c.front_organisation_id, case_scope(actor)),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row
