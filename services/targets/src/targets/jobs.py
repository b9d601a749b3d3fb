"""What time does by itself."""

from datetime import datetime, timedelta

from servicekit import audit
from servicekit.db import Database
from servicekit.law_book import Law
from servicekit.recount import Deadlines, recount_job
from servicekit.service import Runtime
from servicekit.worker import Job
from servicekit.working_days import local_date
from targets.actions.close_period import close_all
from targets.actions.mark_overdue import mark_all_overdue
from targets.actions.mark_silent_disputes import mark_next_silent
from targets.actions.recount_disputes import store_recounted_answers
from targets.actions.recount_periods import store_recounted
from targets.actions.remind import remind_due
from targets.actions.reopen_period import BATCH as RELOCKED_AT_ONCE
from targets.actions.reopen_period import relock
from targets.queries.dispute_days import AWAITED_ANSWERS, DISPUTES
from targets.queries.due_days import PERIODS, RUNNING_PERIODS, pinned_rule
from targets.queries.reopenings import list_expired


async def _count_overdue(database: Database, _: Runtime, now: datetime) -> None:
    await mark_all_overdue(database, now=now)


async def _lock_periods(database: Database, runtime: Runtime, now: datetime) -> None:
    """Close what has expired, and lock again what was reopened until a day that is over."""
    while True:
        async with database.write() as session:
            expired = await list_expired(session, local_date(now), batch=RELOCKED_AT_ONCE)
            await close_all(session, expired, reason_code="expired", actor=audit.house("targets"), now=now)
            relocked = await relock(session, now=now)
        if max(len(expired), relocked) < RELOCKED_AT_ONCE:
            return


async def _remind(database: Database, runtime: Runtime, now: datetime) -> None:
    """Send what the steps of the forms have reached; doing it again sends nothing. Days off must be known first."""
    if not runtime.book.ready:
        return
    law: Law = runtime.part("law")
    async with database.write() as session:
        await remind_due(session, calendar=law.calendar, now=now)


NOTICED_AT_ONCE = 1000


async def _notice_silence(database: Database, runtime: Runtime, now: datetime) -> None:
    """One dispute a transaction, at most a batch of them in one round, so that a round ends."""
    for _ in range(NOTICED_AT_ONCE):
        async with database.write() as session:
            if not await mark_next_silent(session, now=now):
                return
        runtime.waker.wake()


# A due day ends at midnight, so one run a day has something to do; looking oftener costs an index look-up and
# lets a worker that was down at midnight catch up soon.
COUNT_OVERDUE = Job("count_overdue", timedelta(minutes=5), _count_overdue)
NOTICE_SILENCE = Job("notice_silence", timedelta(minutes=5), _notice_silence)
DEADLINES = Deadlines(RUNNING_PERIODS, PERIODS, pinned_rule, store_recounted)
ANSWERS = Deadlines(AWAITED_ANSWERS, DISPUTES, pinned_rule, store_recounted_answers)
RECOUNT = recount_job(DEADLINES, ANSWERS)
LOCK_PERIODS = Job("lock_periods", timedelta(minutes=5), _lock_periods)
REMIND = Job("remind", timedelta(minutes=15), _remind)
