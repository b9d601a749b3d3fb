"""Confirm: the sender says it is solved."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Line, Taken, check_version, take_step
from feedback.domain.intake import ANONYMOUS, remembered_time
from feedback.domain.submission_steps import SENDER, STEPS
from feedback.queries.tracking import tracked_for_step
from servicekit.lifecycle import decide
from servicekit.working_days import local_date


async def confirm(
    session: AsyncSession,
    ticket: bytes,
    *,
    expected: int,
    now: datetime,
    delay: timedelta,
) -> Taken:
    """Record the sender's own outcome. Raises UnknownTicket, StaleVersion or StepNotAllowed.

    An anonymous sender's hour is kept, not the minute, and the event waits `delay`.
    """
    item = await tracked_for_step(session, ticket)
    check_version(item, expected)
    step = decide(STEPS, item.status, "confirm", {SENDER}, {})
    event = publish.confirmed(item.id, item.version + 1, confirmed_on=local_date(now))
    return await take_step(
        session,
        item,
        step=step,
        event=event,
        line=Line(),
        actor=None,
        now=remembered_time(item.identity_mode, now),
        visible_at=now + delay if item.identity_mode == ANONYMOUS else None,
    )
