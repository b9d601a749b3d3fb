"""Dispute: the sender says it is not solved (chưa giải quyết); the Front committee has to look at it again."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Taken, check_version, noted, take_step
from feedback.domain.intake import ANONYMOUS, remembered_time
from feedback.domain.submission_steps import SENDER, STEPS
from feedback.queries.tracking import tracked_for_step
from feedback.sealing import Keys
from servicekit.lifecycle import decide
from servicekit.working_days import local_date


async def dispute(
    session: AsyncSession,
    ticket: bytes,
    *,
    reason: str | None,
    expected: int,
    now: datetime,
    keys: Keys,
    delay: timedelta,
) -> Taken:
    """Record the sender's own outcome. Raises UnknownTicket, StaleVersion or StepNotAllowed.

    An anonymous sender's hour is kept, not the minute, and the event waits `delay`.
    """
    item = await tracked_for_step(session, ticket)
    check_version(item, expected)
    step = decide(STEPS, item.status, "dispute", {SENDER}, {})
    event = publish.disputed(item.id, item.version + 1, disputed_on=local_date(now))
    return await take_step(
        session,
        item,
        step=step,
        event=event,
        line=noted(keys, reason),
        actor=None,
        now=remembered_time(item.identity_mode, now),
        visible_at=now + delay if item.identity_mode == ANONYMOUS else None,
    )
