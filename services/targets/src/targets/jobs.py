"""What time does by itself."""

from datetime import datetime, timedelta

from servicekit.db import Database
from servicekit.recount import Deadlines, recount_job
from servicekit.service import Runtime
from servicekit.worker import Job
from targets.actions.mark_overdue import mark_all_overdue
from targets.actions.recount_periods import store_recounted
from targets.queries.due_days import PERIODS, RUNNING_PERIODS, pinned_rule


async def _count_overdue(database: Database, _: Runtime, now: datetime) -> None:
    await mark_all_overdue(database, now=now)


# A due day ends at midnight, so one run a day has something to do; looking oftener costs an index look-up and
# lets a worker that was down at midnight catch up soon.
COUNT_OVERDUE = Job("count_overdue", timedelta(minutes=5), _count_overdue)
DEADLINES = Deadlines(RUNNING_PERIODS, PERIODS, pinned_rule, store_recounted)
RECOUNT = recount_job(DEADLINES)
