"""Count the submissions whose due day passed unanswered: time takes this step, no event does."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.working_days import local_date
from targets.actions.compute_value import Addition, add_to_values, spread
from targets.domain.on_time import AnswerClock, changes, contribution
from targets.seeds.resolution import indicator_id
from targets.tables import feedback_clock

BATCH = 1000


async def mark_overdue(session: AsyncSession, *, now: datetime, batch: int = BATCH) -> int:
    """Mark up to a batch of clocks that ran out before today (Vietnamese day) and return how many."""
    today = local_date(now)
    due = (
        select(feedback_clock.c.submission_id)
        .where(
            feedback_clock.c.answered_on.is_(None),
            ~feedback_clock.c.overdue,
            feedback_clock.c.due_on < today,
        )
        .order_by(feedback_clock.c.due_on, feedback_clock.c.submission_id)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    rows = (
        await session.execute(
            update(feedback_clock)
            .where(feedback_clock.c.submission_id.in_(due))
            .values(overdue=True)
            .returning(feedback_clock.c.path, feedback_clock.c.due_on)
        )
    ).all()
    additions: list[Addition] = []
    for row in rows:
        running, ran_out = AnswerClock(row.due_on), AnswerClock(row.due_on, overdue=True)
        additions += spread(row.path, changes(contribution(running), contribution(ran_out)))
    await add_to_values(session, additions, now=now)
    if rows:
        await audit.write(
            session,
            action="indicator.count_overdue",
            subject_type="indicator",
            subject_id=indicator_id("GEN-04"),
            actor=None,
            now=now,
            details={"day": today.isoformat(), "submissions": len(rows)},
        )
    return len(rows)
