"""An addressee replies: it agrees, agrees in part, or refuses with its reason (tiếp thu, giải trình)."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the body answers, its plan to carry it out, and the reason where it refuses."""

    disposition: str
    text: str
    plan: str | None
    reason: str | None
    document_number: str | None


async def reply_to_recommendation(
    session: AsyncSession,
    recommendation_id: UUID,
    organisation_id: UUID,
    reply: Reply,
    *,
    expected: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Take the step `reply`, in time or late. Raises NotFound, StaleVersion, StepNotAllowed, RefusalNeedsReason."""
    seen = await part(session, recommendation_id, organisation_id, actor)
    roles = roles_for_part(actor, seen.presiding_organisation_id, organisation_id)
    permit(STEPS, "reply", roles)
    if seen.version != expected:
        raise StaleVersion
    facts = {"disposition": reply.disposition, "reason": reply.reason}
    step = decide(STEPS, seen.status, "reply", roles, facts)
    today = local_date(now)
    changed = await change_part(
        session,
        seen,
        step,
        disposition=reply.disposition,
        reply_text=reply.text,
        reply_plan=reply.plan,
        reply_reason=reply.reason,
        reply_number=reply.document_number,
        replied_on=today,
        replied_by=actor.id,
        on_time=today <= seen.reply_due_on,
    )
    sequence = await next_sequence(session, recommendation_id)
    await audit.write(
        session,
        action="recommendation.reply",
        subject_type="recommendation",
        subject_id=recommendation_id,
        actor=actor,
        now=now,
        reason=reply.disposition,
        details={"organisation_id": organisation_id, "version": changed.version, "on_time": changed.on_time},
    )
    event = publish.recommendation_replied(changed, seen.case_id, sequence)
    await outbox.record(session, event=event, now=now)
