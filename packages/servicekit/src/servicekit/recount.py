"""Counts running deadlines again when the work calendar changed.

    registry event ─► [read copy + mark]                                one transaction, in the inbox
    job            ─► [lock a batch + count + write + place reached]    one transaction a batch, until the pass ends

A mark stays until a pass over all running deadlines has ended that began a minute after it and left nothing out: a
request of another process may have counted on the calendar as it was, and committed behind the place already reached.
Nothing depends on an event coming once or on a batch being finished: a deadline is written only where the count differs
from what is stored, by the rule version pinned to it, on the calendar as the batch's own transaction reads it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import FromClause, Row, Select, and_, func, insert, literal, or_, select, text, union_all
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import Database
from servicekit.deadlines import RuleVersion, count, read_rule
from servicekit.inbox import Event, Handler
from servicekit.service import Runtime
from servicekit.tables import deadline_change, recount_mark, reference
from servicekit.worker import Job
from servicekit.working_days import Calendar, read_calendar

BATCH = 100
ROUNDS = 100
"""Batches in one run of the job, so that a run ends; the next one goes on at the place reached."""
SETTLE = timedelta(seconds=60)
"""Longer than a process may go on with an old copy of the calendar (five seconds) and finish a transaction."""
EVERY = timedelta(seconds=2)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Moved:
    """A running deadline whose day or certainty is another now; `causes` are what was said of days and years."""

    row: Row[Any]
    rule: RuleVersion
    due_on: date
    provisional: bool
    causes: tuple[Mapping[str, Any], ...]

    @property
    def days(self) -> list[date]:
        """Return the days of the calendar that changed."""
        return sorted({date.fromisoformat(cause["day"]) for cause in self.causes if "day" in cause})

    @property
    def years(self) -> list[int]:
        """Return the years whose official notice was given or withdrawn."""
        return sorted({int(cause["year"]) for cause in self.causes if "year" in cause})

    @property
    def told(self) -> dict[str, Any]:
        """Return what the event of every service says of it (`DeadlineChanged` of the contracts)."""
        return {
            "due_on": self.due_on,
            "due_provisional": self.provisional,
            "previous_due_on": self.row.due_on,
            "previous_provisional": self.row.due_provisional,
            "rule_key": self.rule.key,
            "rule_version": self.rule.version,
            "changed_days": self.days,
            "changed_years": self.years,
        }


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The deadlines a service keeps.

    `running` selects those that still run, with columns named `item_id` (unique), `deadline` (its kind), `anchor_on`,
    `due_on`, `due_provisional`, and what `rule` and `store` need. `table` is what is locked. `rule` returns the version
    pinned to a row, None while the registry's facts do not have it. `store` writes days, versions, events and audit.
    """

    running: Select[Any]
    table: FromClause
    rule: Callable[[Row[Any], Sequence[RuleVersion]], RuleVersion | None]
    store: Callable[[AsyncSession, Sequence[Moved], datetime], Awaitable[None]]


async def _mark_day(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = event.data
    day = date.fromisoformat(fact["date"])
    cause = {"day": fact["date"], "kind": fact["kind"], "name": fact["name"], "source": fact["source"]}
    await _mark(session, event, day, day, cause, now)


async def _mark_year(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = event.data
    year = int(fact["year"])
    cause = {"year": year, "confirmed": fact["confirmed"], "source": fact["source"]}
    await _mark(session, event, date(year, 1, 1), date(year, 12, 31), cause, now)


MARKS: Mapping[str, Handler] = {"calendar_day": _mark_day, "calendar_year": _mark_year}
"""What the registry's calendar events do beside keeping the copy; given to `reference.handlers`."""


async def _mark(
    session: AsyncSession, event: Event, first: date, last: date, cause: dict[str, Any], now: datetime
) -> None:
    statement = upsert(recount_mark).values(
        event_id=event.id,
        first_day=first,
        last_day=last,
        cause={"event_id": str(event.id), **cause},
        marked_at=now,
        next_at=now,
    )
    await session.execute(statement.on_conflict_do_nothing())


def recount_job(*kinds: Deadlines) -> Job:
    """Return the job that works the marks off, for every kind of deadline a service keeps."""

    async def run(database: Database, runtime: Runtime, now: datetime) -> None:
        for _ in range(ROUNDS):
            if not await recount_batch(database, kinds, runtime.clock.now()):
                return
            runtime.waker.wake()

    return Job("recount", EVERY, run)


_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('nhipcau.recount'))")
_GOING_ON = select(recount_mark).where(recount_mark.c.pass_at.is_not(None)).order_by(recount_mark.c.marked_at)
_BEGIN = text("UPDATE recount_mark SET pass_at = :now WHERE next_at <= :now")
_REACHED = text("UPDATE recount_mark SET position = :position, missed = missed OR :missed WHERE pass_at IS NOT NULL")
_SETTLED = text(
    "DELETE FROM recount_mark WHERE pass_at >= marked_at + CAST(:settle AS interval) AND NOT (missed OR :missed)"
)
_AGAIN = text(
    "UPDATE recount_mark SET pass_at = NULL, position = NULL, missed = false,"
    " next_at = CAST(:now AS timestamptz) + CAST(:settle AS interval) WHERE pass_at IS NOT NULL"
)


async def recount_batch(database: Database, kinds: Sequence[Deadlines], now: datetime, *, batch: int = BATCH) -> bool:
    """Count the next batch of running deadlines in one transaction; return whether there is more to do at once.

    The kinds share one order, that of their items' ids, so that a pass has one place reached.
    """
    async with database.write() as session:
        if not await session.scalar(_ALONE):
            return False
        marks = (await session.execute(_GOING_ON)).all()
        if not marks:
            await session.execute(_BEGIN, {"now": now})
            marks = (await session.execute(_GOING_ON)).all()
        if not marks:
            return False
        seen, missed = await _count_next(session, kinds, marks, now, batch)
        if len(seen) == batch:
            await session.execute(_REACHED, {"position": seen[-1], "missed": missed})
            return True
        await session.execute(_SETTLED, {"settle": SETTLE, "missed": missed})
        await session.execute(_AGAIN, {"settle": SETTLE, "now": now})
    return False


async def _count_next(
    session: AsyncSession, kinds: Sequence[Deadlines], marks: Sequence[Row[Any]], now: datetime, batch: int
) -> tuple[list[UUID], bool]:
    """Look at the next batch behind the place reached; return its ids and whether one had to be left out."""
    touched = []
    for kind in kinds:
        running = kind.running.subquery()
        one = select(running.c.item_id).where(_touched(running, marks))
        if marks[0].position is not None:
            one = one.where(running.c.item_id > marks[0].position)
        touched.append(one)
    wanted = union_all(*touched).subquery()
    seen = list((await session.scalars(select(wanted.c.item_id).order_by(wanted.c.item_id).limit(batch))).all())
    if not seen:
        return [], False
    calendar, rules = await read_law(session)
    counted = [await _count_kind(session, kind, seen, calendar, rules, marks, now) for kind in kinds]
    return seen, sum(counted) < len(seen)


async def _count_kind(
    session: AsyncSession,
    kind: Deadlines,
    seen: Sequence[UUID],
    calendar: Calendar,
    rules: Sequence[RuleVersion],
    marks: Sequence[Row[Any]],
    now: datetime,
) -> int:
    """Count those of one kind again, write what moved, and return how many could be counted."""
    item_id = kind.running.selected_columns["item_id"]
    locking = kind.running.where(item_id.in_(seen)).with_for_update(of=kind.table, skip_locked=True)
    rows = (await session.execute(locking)).all()
    moved: list[Moved] = []
    unknown = 0
    for row in rows:
        rule = kind.rule(row, rules)
        if rule is None:
            unknown += 1
            _log.warning("recount_rule_unknown", item=str(row.item_id), deadline=row.deadline)
        elif (change := _counted_anew(row, rule, calendar, marks)) is not None:
            moved.append(change)
    if moved:
        await kind.store(session, moved, now)
        await session.execute(insert(deadline_change), [_history(one, now) for one in moved])
    return len(rows) - unknown


def _touched(running: FromClause, marks: Iterable[Row[Any]]) -> Any:
    """Return the condition that a day said of something lies between the anchor and the due day, both included."""
    first = func.least(running.c.anchor_on, running.c.due_on)
    last = func.greatest(running.c.anchor_on, running.c.due_on)
    return or_(*(and_(first <= literal(mark.last_day), last >= literal(mark.first_day)) for mark in marks))


async def read_law(session: AsyncSession) -> tuple[Calendar, list[RuleVersion]]:
    """Read calendar and rules as this transaction sees them; the copy in memory may be seconds old."""
    facts: dict[str, list[Any]] = {"calendar_day": [], "calendar_year": [], "deadline_rule": []}
    for kind, data in await session.execute(
        select(reference.c.kind, reference.c.data).where(reference.c.kind.in_(list(facts)))
    ):
        facts[kind].append(data)
    calendar = read_calendar(facts["calendar_day"], facts["calendar_year"])
    return calendar, [read_rule(fact) for fact in facts["deadline_rule"]]


def _counted_anew(row: Row[Any], rule: RuleVersion, calendar: Calendar, marks: Iterable[Row[Any]]) -> Moved | None:
    due = count(calendar, rule, row.anchor_on).due
    if (due.on, due.provisional) == (row.due_on, row.due_provisional):
        return None
    days = (row.anchor_on, row.due_on, due.on)
    causes = (mark.cause for mark in marks if mark.first_day <= max(days) and mark.last_day >= min(days))
    return Moved(row, rule, due.on, due.provisional, tuple(causes))


def _history(moved: Moved, now: datetime) -> dict[str, Any]:
    row = moved.row
    return {
        "item_id": row.item_id,
        "deadline": row.deadline,
        "old_on": row.due_on,
        "old_provisional": row.due_provisional,
        "new_on": moved.due_on,
        "new_provisional": moved.provisional,
        "rule_key": moved.rule.key,
        "rule_version": moved.rule.version,
        "causes": list(moved.causes),
        "changed_at": now,
    }
