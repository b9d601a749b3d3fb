"""What time does by itself."""

from datetime import datetime, timedelta

from servicekit.db import Database
from servicekit.service import Runtime
from servicekit.worker import Job
from targets.actions.mark_overdue import BATCH, mark_overdue


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
