"""Accept (thụ lý): the Front committee takes an item on, and the clock to answer it starts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Line, Taken, check_version, roles_at, take_step
from feedback.domain.deadlines import RESOLVE
from feedback.domain.submission_steps import STEPS
from feedback.queries.submissions import item_for_step
from servicekit.identity import Actor
from servicekit.law_book import Law
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


async def accept(
    session: AsyncSession, submission_id: UUID, *, expected: int, actor: Actor, now: datetime, law: Law
) -> Taken:
    """Accept an item; the rule version it is counted with is pinned to it.

    Raises NotFound, StaleVersion, StepNotAllowed, Forbidden, NotForThisChannel, or Unavailable without rules.
    """
    item = await item_for_step(session, submission_id, actor=actor)
    roles = roles_at(actor, item.front_path)
    permit(STEPS, "accept", roles)
    check_version(item, expected)
    step = decide(STEPS, item.status, "accept", roles, {"kind": item.kind})
    today = local_date(now)
    counted = law.due(RESOLVE, today)
    clock: dict[str, Any] = {
        "due_on": counted.due.on,
        "due_provisional": counted.due.provisional,
        "rule_key": counted.rule.key,
        "rule_version": counted.rule.version,
    }
    return await take_step(
        session,
        item,
        step=step,
        event=publish.accepted(item.id, item.version + 1, kind=item.kind, accepted_on=today, **clock),
        line=Line(organisation_id=item.front_organisation_id),
        actor=actor,
        now=now,
        changes={"accepted_on": today, "anchor_on": today, **clock},
    )
