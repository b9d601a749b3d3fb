"""What happens by itself: deliveries go out."""

from datetime import datetime, timedelta

from servicekit.db import Database
from servicekit.service import Runtime
from servicekit.worker import Job


async def send_due(database: Database, runtime: Runtime, now: datetime) -> None:
    """Start what is due; attempts run on beside the job."""
    await runtime.part("line").tick()


JOBS = (Job("deliver", timedelta(milliseconds=100), send_due),)
