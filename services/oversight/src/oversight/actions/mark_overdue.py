"""Makes silence past the reply clock a state of its own (features O7); called by the job, never by a route."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import change_part, next_sequence
from oversight.domain.addressee_steps import STEPS
from oversight.queries.recommendations import next_silent_part
from servicekit import audit, outbox
from servicekit.lifecycle import SYSTEM, decide
from servicekit.working_days import Calendar, is_working, local_date


async def mark_next_overdue(session: AsyncSession, calendar: Calendar, *, now: datetime) -> UUID | None:
    """Mark one addressee that is silent past its clock; return its recommendation, or None when nothing is left.

    Does nothing on a day off. The row is locked and its state compared, so nobody is marked twice.
    """
    today = local_date(now)
    working = is_working(calendar, today)
    seen = await next_silent_part(session, today) if working else None
    if seen is None:
        return None
    facts = {"today": today, "due_on": seen.reply_due_on, "working": working}
    step = decide(STEPS, seen.status, "mark_overdue", {SYSTEM}, facts)
    changed = await change_part(session, seen, step, overdue_on=today)
    sequence = await next_sequence(session, changed.recommendation_id)
    await audit.write(
        session,
        action="recommendation.mark_overdue",
        subject_type="recommendation",
        subject_id=changed.recommendation_id,
        actor=audit.house("oversight"),
        now=now,
        details={"organisation_id": changed.organisation_id, "version": changed.version},
    )
    event = publish.recommendation_overdue(changed, seen.case_id, sequence)
    await outbox.record(session, event=event, now=now)
    recommendation_id: UUID = changed.recommendation_id
    return recommendation_id
