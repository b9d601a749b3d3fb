"""Write days of answers that the calendar moved; noted lateness is taken back where the day is yet to come."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.lifecycle import SYSTEM, Step, decide
from servicekit.recount import Moved
from servicekit.working_days import local_date
from targets import publish
from targets.actions.write_dispute import change_dispute, tell
from targets.domain.dispute_steps import OVERDUE, RULE, STEPS


async def store_recounted_answers(session: AsyncSession, moved: Sequence[Moved], now: datetime) -> None:
    """Store the days of locked rows with history, audit and event; who read a dispute before must read it again."""
    for one in moved:
        row = one.row
        step = _step(one, now)
        overdue_on = row.overdue_on if step.target == OVERDUE else None
        await change_dispute(
            session, row, step, now, due_on=one.due_on, due_provisional=one.provisional, overdue_on=overdue_on
        )
        await tell(
            session,
            row._asdict(),
            action="recount",
            before=row.status,
            after=step.target,
            version=row.version + 1,
            event=publish.dispute_deadline_changed(one, overdue=step.target == OVERDUE),
            actor=audit.house("targets"),
            now=now,
            details={"due_on": one.due_on.isoformat()},
        )


def _step(one: Moved, now: datetime) -> Step:
    """Return the step that takes lateness back, or one that stays where it is."""
    row, today = one.row, local_date(now)
    if row.status == OVERDUE and today <= one.due_on:
        action = "withdraw_overdue" if row.decided_on is None else "withdraw_overdue_rejected"
        return decide(STEPS, row.status, action, {SYSTEM}, {"today": today, "due_on": one.due_on})
    return Step("recount", row.status, row.status, frozenset({SYSTEM}), "", deadline_rule=RULE)
