"""Write deadlines that the calendar moved: the new day, the sender's line, the event and the audit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.tables import submission, submission_line
from servicekit import audit, outbox
from servicekit.recount import Moved
from servicekit.writes import write_together

_IS_IT = submission.c.id == bindparam("item")
_STORED = {
    "status": update(submission)
    .where(_IS_IT)
    .values(
        status_due_on=bindparam("on"),
        status_due_provisional=bindparam("provisional"),
        version=submission.c.version + 1,
    ),
    "answer": update(submission)
    .where(_IS_IT)
    .values(due_on=bindparam("on"), due_provisional=bindparam("provisional"), version=submission.c.version + 1),
}


async def store_recounted(session: AsyncSession, moved: Sequence[Moved], now: datetime) -> None:
    """Store the days of locked rows; whoever read an item before must read it again (its version goes up)."""
    for deadline, statement in _STORED.items():
        values = [
            {"item": one.row.item_id, "on": one.due_on, "provisional": one.provisional}
            for one in moved
            if one.row.deadline == deadline
        ]
        if values:
            await session.execute(statement, values)
    await session.execute(insert(submission_line), [_line(one.row, now) for one in moved])
    for one in moved:
        event = publish.deadline_changed(one)
        entry = audit.entry_write(
            action="submission.recount",
            subject_type="submission",
            subject_id=one.row.item_id,
            actor=audit.house("feedback"),
            now=now,
            details={"deadline": one.row.deadline, "version": one.row.version + 1},
        )
        await write_together(session, outbox.event_write(event, now=now), entry)


def _line(row: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "submission_id": row.item_id,
        "version": row.version + 1,
        "at": now,
        "action": "recount",
        "status": row.status,
        "organisation_id": row.front_organisation_id,
        "code": row.deadline,
    }
