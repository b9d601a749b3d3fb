"""Guide out (hướng dẫn): another body is competent; the sender is told which and how."""

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


async def guide_out(
    session: AsyncSession, submission_id: UUID, *, text: str, expected: int, actor: Actor, now: datetime, keys: Keys
) -> Taken:
    """Show the sender to the competent body. Raises NotFound, StaleVersion, StepNotAllowed or Forbidden."""
    item = await item_for_step(session, submission_id, actor=actor)
    roles = roles_at(actor, item.front_path)
    permit(STEPS, "guide_out", roles)
    check_version(item, expected)
    step = decide(STEPS, item.status, "guide_out", roles, {})
    return await take_step(
        session,
        item,
        step=step,
        event=publish.guided_out(item.id, item.version + 1, kind=item.kind),
        line=noted(keys, text, organisation_id=item.front_organisation_id, code=item.kind),
        actor=actor,
        now=now,
    )
