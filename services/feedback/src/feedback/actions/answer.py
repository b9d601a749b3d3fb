"""Answer (trả lời): the body that holds the item says what it did; whether that was on time follows from the dates."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Taken, check_version, noted, roles_at, take_step
from feedback.domain.submission_steps import STEPS
from feedback.publish import Outcome
from feedback.queries.submissions import item_for_step
from feedback.sealing import Keys
from feedback.tables import submission
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


async def answer(
    session: AsyncSession,
    submission_id: UUID,
    *,
    outcome: Outcome,
    text: str,
    expected: int,
    actor: Actor,
    now: datetime,
    keys: Keys,
) -> Taken:
    """Answer an item one's own organisation holds. Raises NotFound, StaleVersion, StepNotAllowed or Forbidden."""
    item = await item_for_step(session, submission_id, actor=actor)
    roles = roles_at(actor, (item.holder_organisation_id,))
    permit(STEPS, "answer", roles)
    check_version(item, expected)
    step = decide(STEPS, item.status, "answer", roles, {})
    today = local_date(now)
    return await take_step(
        session,
        item,
        step=step,
        event=publish.answered(
            item.id,
            item.version + 1,
            holder_organisation_id=item.holder_organisation_id,
            front_organisation_id=item.front_organisation_id,
            outcome=outcome,
            answered_on=today,
            due_on=item.due_on,
        ),
        line=noted(keys, text, organisation_id=item.holder_organisation_id, code=outcome),
        actor=actor,
        now=now,
        changes={
            "outcome": outcome,
            "answered_on": today,
            "first_answered_on": func.coalesce(submission.c.first_answered_on, today),
            "first_due_on": case(
                (submission.c.first_answered_on.is_(None), submission.c.due_on), else_=submission.c.first_due_on
            ),
        },
    )
