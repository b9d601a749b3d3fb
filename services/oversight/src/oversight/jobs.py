"""What time does in oversight: silence past a reply clock becomes a state."""

from datetime import datetime, timedelta

from oversight.actions.mark_overdue import mark_next_overdue
from servicekit.db import Database
from servicekit.law_book import Law
from servicekit.service import Runtime
from servicekit.worker import Job

BATCH = 500
"""At most this many in one round, so that a round ends; the next one goes on."""


async def notice_silence(database: Database, runtime: Runtime, now: datetime) -> None:
    """Mark silent addressees one by one, each in a transaction of its own, until none is left."""
    if not runtime.book.ready:
        return  # without the calendar nobody knows whether today is a working day
    law: Law = runtime.part("law")
    calendar = law.calendar
    for _ in range(BATCH):
        async with database.write() as session:
            marked = await mark_next_overdue(session, calendar, now=now)
        if marked is None:
            return
        runtime.waker.wake()


def overdue_job(seconds: int) -> Job:
    """Return the job that looks for silence every so many seconds."""
    return Job(name="overdue", every=timedelta(seconds=seconds), run=notice_silence)
