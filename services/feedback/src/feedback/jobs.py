"""What time does: forget photos, count running deadlines again when the calendar changed, notice mass reading."""

from datetime import datetime, timedelta
from typing import Any

from feedback.actions.forget_uploads import forget_uploads
from feedback.actions.recount_deadlines import store_recounted
from feedback.queries.deadlines import RUNNING_DEADLINES, SUBMISSIONS, pinned_rule
from servicekit.read_watch import watch_reads
from servicekit.recount import Deadlines, recount_job
from servicekit.service import Runtime
from servicekit.worker import Job


async def _forget_uploads(database: Any, runtime: Runtime, now: datetime) -> None:
    while True:
        async with database.write() as session:
            if not await forget_uploads(session, now=now, files=runtime.part("files")):
                return


DEADLINES = Deadlines(RUNNING_DEADLINES, SUBMISSIONS, pinned_rule, store_recounted)
JOBS = (
    Job("forget-uploads", timedelta(minutes=30), _forget_uploads),
    recount_job(DEADLINES),
    watch_reads("submission.reveal_identity"),
)
