"""What time does: forget photos nobody claimed, notice who looks at very many senders."""

from datetime import datetime, timedelta
from typing import Any

from feedback.actions.forget_uploads import forget_uploads
from servicekit.read_watch import watch_reads
from servicekit.service import Runtime
from servicekit.worker import Job


async def _forget_uploads(database: Any, runtime: Runtime, now: datetime) -> None:
    while True:
        async with database.write() as session:
            if not await forget_uploads(session, now=now, files=runtime.part("files")):
                return


JOBS = (
    Job("forget-uploads", timedelta(minutes=30), _forget_uploads),
    watch_reads("submission.reveal_identity"),
)
