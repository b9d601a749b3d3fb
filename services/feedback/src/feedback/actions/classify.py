"""Classify (phân loại): the intake officer decides what a submission is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.feedback_v1 import Kind
from feedback import publish
from feedback.actions.take_step import Line, Taken, check_version, roles_at, take_step
from feedback.domain.submission_steps import STEPS
from feedback.queries.submissions import item_for_step
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit


async def classify(
    session: AsyncSession, submission_id: UUID, *, kind: Kind, expected: int, actor: Actor, now: datetime
) -> Taken:
    """Give a submission its kind. Raises NotFound, StaleVersion, StepNotAllowed or Forbidden."""
    item = await item_for_step(session, submission_id, actor=actor)
    roles = roles_at(actor, item.front_path)
    permit(STEPS, "classify", roles)
    check_version(item, expected)
    step = decide(STEPS, item.status, "classify", roles, {})
    return await take_step(
        session,
        item,
        step=step,
        event=publish.classified(item.id, item.version + 1, kind=kind),
        line=Line(organisation_id=item.front_organisation_id, code=kind),
        actor=actor,
        now=now,
        changes={"kind": kind},
    )
