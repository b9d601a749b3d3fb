"""Refuse (không thụ lý): the head says no, with a reason the sender reads."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Taken, check_version, noted, roles_at, take_step
from feedback.domain.submission_steps import STEPS
from feedback.queries.submissions import item_for_step
from feedback.sealing import Keys
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit


async def refuse(
    session: AsyncSession,
    submission_id: UUID,
    *,
    reason_code: str,
    text: str,
    expected: int,
    actor: Actor,
    now: datetime,
    keys: Keys,
) -> Taken:
    """Refuse an item. Raises NotFound, StaleVersion, StepNotAllowed or Forbidden."""
    item = await item_for_step(session, submission_id, actor=actor)
    roles = roles_at(actor, item.front_path)
    permit(STEPS, "refuse", roles)
    check_version(item, expected)
    step = decide(STEPS, item.status, "refuse", roles, {})
    return await take_step(
        session,
        item,
        step=step,
        event=publish.refused(item.id, item.version + 1, reason_code=reason_code),
        line=noted(keys, text, organisation_id=item.front_organisation_id, code=reason_code),
        actor=actor,
        now=now,
    )
