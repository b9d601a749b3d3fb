"""Make silence past the day of an answer a state of its own; called by the job, never by a route."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.lifecycle import SYSTEM, decide
from servicekit.working_days import local_date
from targets import publish
from targets.actions.write_dispute import change_dispute, tell
from targets.domain.dispute_steps import STEPS
from targets.queries.dispute_files import next_silent


async def mark_next_silent(session: AsyncSession, *, now: datetime) -> bool:
    """Mark one dispute whose owner is silent past the day; return False when none is left.

    The row is locked and its state compared, so nobody is marked twice.
    """
    today = local_date(now)
    seen = await next_silent(session, today)
    if seen is None:
        return False
    facts = {"today": today, "due_on": seen.due_on, "status": seen.status}
    step = decide(STEPS, seen.status, "mark_overdue", {SYSTEM}, facts)
    await change_dispute(session, seen, step, now, overdue_on=today)
    await tell(
        session,
        seen._asdict(),
        action="mark_overdue",
        before=seen.status,
        after=step.target,
        version=seen.version + 1,
        event=publish.dispute_overdue(seen, today),
        actor=audit.house("targets"),
        now=now,
        details={"due_on": seen.due_on.isoformat()},
    )
    return True
