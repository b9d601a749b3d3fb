"""Write reply clocks that the calendar moved; noted lateness is taken back where the last day is yet to come."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import next_sequence
from oversight.domain.addressee_steps import STEPS
from oversight.tables import addressee
from servicekit import audit, outbox
from servicekit.lifecycle import SYSTEM, decide
from servicekit.recount import Moved
from servicekit.working_days import local_date
from servicekit.writes import write_together

_STORED = (
    update(addressee)
    .where(addressee.c.id == bindparam("item"))
    .values(
        reply_due_on=bindparam("on"),
        default_due_on=bindparam("on"),
        due_provisional=bindparam("provisional"),
        status=bindparam("now_status"),
        overdue_on=bindparam("now_overdue_on"),
        version=addressee.c.version + 1,
    )
)


async def store_recounted(session: AsyncSession, moved: Sequence[Moved], now: datetime) -> None:
    """Store the days of locked rows with event and audit; who read a part before must read it again.

    A noted lateness stays noted while the new last day has passed too. Otherwise the step `withdraw_overdue` takes it
    back, and the event that tells the new day says so, because the lateness was told as well.
    """
    today = local_date(now)
    stands = [_stands(one, today) for one in moved]
    await session.execute(_STORED, stands)
    for one, after in zip(moved, stands, strict=True):
        row = one.row
        overdue = after["now_status"] == "overdue"
        sequence = await next_sequence(session, row.recommendation_id)
        entry = audit.entry_write(
            action="recommendation.recount",
            subject_type="recommendation",
            subject_id=row.recommendation_id,
            actor=audit.house("oversight"),
            now=now,
            details={
                "organisation_id": row.organisation_id,
                "version": row.version + 1,
                "overdue_withdrawn": row.status == "overdue" and not overdue,
            },
        )
        event = publish.recommendation_deadline_changed(one, sequence, overdue=overdue)
        await write_together(session, outbox.event_write(event, now=now), entry)


def _stands(one: Moved, today: date) -> dict[str, Any]:
    """Return the row's new values; the status changes only by a step of the table."""
    row = one.row
    status, overdue_on = row.status, row.overdue_on
    if status == "overdue" and today <= one.due_on:
        action = "withdraw_overdue" if row.acknowledged_on is None else "withdraw_overdue_acknowledged"
        status = decide(STEPS, status, action, {SYSTEM}, {"today": today, "due_on": one.due_on}).target
        overdue_on = None
    return {
        "item": row.item_id,
        "on": one.due_on,
        "provisional": one.provisional,
        "now_status": status,
        "now_overdue_on": overdue_on,
    }
