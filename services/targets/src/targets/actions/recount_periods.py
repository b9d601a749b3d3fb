"""Write due days that the calendar moved; what was submitted before is held to the day that stood then."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.recount import Moved
from servicekit.writes import write_together
from targets import publish
from targets.tables import reporting_period

_STORED = (
    update(reporting_period)
    .where(reporting_period.c.id == bindparam("item"))
    .values(
        due_on=bindparam("on"),
        due_provisional=bindparam("provisional"),
        version=reporting_period.c.version + 1,
        told=reporting_period.c.told + 1,
    )
)


async def store_recounted(session: AsyncSession, moved: Sequence[Moved], now: datetime) -> None:
    """Store the days of locked rows with event and audit; who read a period before must read it again."""
    values = [{"item": one.row.item_id, "on": one.due_on, "provisional": one.provisional} for one in moved]
    await session.execute(_STORED, values)
    for one in moved:
        entry = audit.entry_write(
            action="period.recount",
            subject_type="reporting_period",
            subject_id=one.row.item_id,
            actor=audit.house("targets"),
            now=now,
            details={"version": one.row.version + 1},
        )
        await write_together(session, outbox.event_write(publish.period_deadline_changed(one), now=now), entry)
