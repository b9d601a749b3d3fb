"""The presiding body stops following one addressee: escalated, replaced, or the body no longer exists."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import change_part, next_sequence
from oversight.domain.addressee_steps import STEPS
from oversight.queries.recommendations import part
from oversight.queries.visibility import roles_for_part
from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


async def end_follow_up(
    session: AsyncSession,
    recommendation_id: UUID,
    organisation_id: UUID,
    *,
    reason_code: str,
    note: str,
    expected: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Take the step `end`. Raises NotFound, StaleVersion, StepNotAllowed, Forbidden, EnderIsReplier."""
    seen = await part(session, recommendation_id, organisation_id, actor)
    roles = roles_for_part(actor, seen.presiding_organisation_id, organisation_id)
    permit(STEPS, "end", roles)
    if seen.version != expected:
        raise StaleVersion
    step = decide(STEPS, seen.status, "end", roles, {"ender": actor.id, "replier": seen.replied_by})
    changed = await change_part(
        session, seen, step, end_reason=reason_code, end_note=note, ended_on=local_date(now), ended_by=actor.id
    )
    sequence = await next_sequence(session, recommendation_id)
    await audit.write(
        session,
        action="recommendation.end",
        subject_type="recommendation",
        subject_id=recommendation_id,
        actor=actor,
        now=now,
        reason=reason_code,
        details={"organisation_id": organisation_id, "version": changed.version},
    )
    event = publish.recommendation_ended(changed, seen.case_id, sequence)
    await outbox.record(session, event=event, now=now)
