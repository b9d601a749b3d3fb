"""Assign (giao): exactly one body holds the item from now on; after a dispute the clock starts anew."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Line, Taken, check_version, roles_at, take_step
from feedback.domain.deadlines import RESOLVE
from feedback.domain.intake import UnknownHolder
from feedback.domain.submission_steps import STEPS
from feedback.queries.directory import Directory
from feedback.queries.submissions import item_for_step
from servicekit.identity import Actor
from servicekit.law_book import Law
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


async def assign(
    session: AsyncSession,
    submission_id: UUID,
    *,
    holder_organisation_id: UUID,
    expected: int,
    actor: Actor,
    now: datetime,
    law: Law,
    directory: Directory,
) -> Taken:
    """Give an item to a body of its commune or of the city.

    Raises NotFound, StaleVersion, StepNotAllowed, Forbidden, UnknownHolder, or Unavailable without rules.
    """
    item = await item_for_step(session, submission_id, actor=actor)
    roles = roles_at(actor, item.front_path)
    permit(STEPS, "assign", roles)
    check_version(item, expected)
    step = decide(STEPS, item.status, "assign", roles, {})
    today = local_date(now)
    _check_holder(directory, holder_organisation_id, unit_id=item.unit_id, today=today)
    changes: dict[str, Any] = {"holder_organisation_id": holder_organisation_id}
    if step.deadline_rule is not None:
        counted = law.due(RESOLVE, today)
        changes |= {
            "anchor_on": today,
            "due_on": counted.due.on,
            "due_provisional": counted.due.provisional,
            "rule_key": counted.rule.key,
            "rule_version": counted.rule.version,
        }
    due_on = changes.get("due_on", item.due_on)
    return await take_step(
        session,
        item,
        step=step,
        event=publish.assigned(item.id, item.version + 1, holder_organisation_id=holder_organisation_id, due_on=due_on),
        line=Line(organisation_id=holder_organisation_id),
        actor=actor,
        now=now,
        changes=changes,
    )


def _check_holder(directory: Directory, holder_id: UUID, *, unit_id: UUID, today: date) -> None:
    body = directory.body(holder_id)
    if body is None or not body.stands_on(today) or (body.unit_id != unit_id and body.level != "city"):
        raise UnknownHolder
