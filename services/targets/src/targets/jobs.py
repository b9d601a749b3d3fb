"""What time does by itself."""

from datetime import datetime, timedelta

from servicekit.db import Database
from servicekit.recount import Deadlines, recount_job
from servicekit.service import Runtime
from servicekit.worker import Job
from targets.actions.mark_overdue import BATCH, mark_overdue
from targets.actions.recount_periods import store_recounted
from targets.queries.due_days import PERIODS, RUNNING_PERIODS, pinned_rule


async def _count_overdue(database: Database, runtime: Runtime, now: datetime) -> None:
    """Batch by batch, each a transaction; one that dies in between goes on where it stopped."""
    while True:
        async with database.write() as session:
            marked = await mark_overdue(session, now=now)
        if marked < BATCH:
            return


# A due day ends at midnight, so one run a day has something to do; looking oftener costs an index look-up and
# lets a worker that was down at midnight catch up soon.
COUNT_OVERDUE = Job("count_overdue", timedelta(minutes=5), _count_overdue)
DEADLINES = Deadlines(RUNNING_PERIODS, PERIODS, pinned_rule, store_recounted)
RECOUNT = recount_job(DEADLINES)
