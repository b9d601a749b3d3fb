"""What time does in the registry: forget codes, sessions and counted tries that are over, notice mass reading."""

from datetime import datetime, timedelta

from registry.actions.forget_access import forget_access
from servicekit.db import Database
from servicekit.read_watch import watch_reads
from servicekit.service import Runtime
from servicekit.worker import Job


async def _forget_access(database: Database, runtime: Runtime, now: datetime) -> None:
    async with database.write() as session:
        await forget_access(session, now=now)


JOBS = (
    Job("forget-access", timedelta(hours=1), _forget_access),
    watch_reads("account.read", "account.listed"),
)
