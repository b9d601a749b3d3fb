"""What time does in oversight: silence past a reply clock becomes a state; a changed calendar moves running clocks."""

from datetime import datetime, timedelta

from oversight.actions.mark_overdue import mark_next_overdue
from oversight.actions.recount_replies import store_recounted
from oversight.queries.reply_clocks import ADDRESSEES, RUNNING_CLOCKS, pinned_rule
from servicekit.db import Database
from servicekit.law_book import Law
from servicekit.recount import Deadlines, recount_job
from servicekit.service import Runtime
from servicekit.worker import Job

DEADLINES = Deadlines(RUNNING_CLOCKS, ADDRESSEES, pinned_rule, store_recounted)
RECOUNT = recount_job(DEADLINES)
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
