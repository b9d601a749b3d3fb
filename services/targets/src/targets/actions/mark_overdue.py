"""Count what ran out of time with nothing done: time takes this step, no event does."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

from servicekit import audit
from servicekit.db import Database
from servicekit.working_days import local_date
from targets.actions.keep_item import count_anew
from targets.domain.event_items import after_its_day
from targets.domain.event_rules import RULES
from targets.queries.event_items import read_facts, write_facts
from targets.seeds.resolution import indicator_id
from targets.tables import event_item

BATCH = 1000
_STORE = text(
    "UPDATE event_item SET facts = d.facts, clock_on = NULL, changed_at = :now"
    " FROM jsonb_to_recordset(:done) AS d(id uuid, facts jsonb) WHERE event_item.id = d.id"
).bindparams(bindparam("done", type_=JSONB))


async def mark_overdue(session: AsyncSession, *, now: datetime, batch: int = BATCH) -> int:
    """Mark up to a batch of items whose clock ran out before today (Vietnamese day) and return how many."""
    today = local_date(now)
    due = (
        select(event_item)
        .where(event_item.c.clock_on < today)
        .order_by(event_item.c.clock_on, event_item.c.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.execute(due)).all()
    if not rows:
        return 0
    after = [(row, after_its_day(read_facts(row.kind, row.facts))) for row in rows]
    done = [{"id": str(row.id), "facts": write_facts(facts)} for row, facts in after]
    await session.execute(_STORE, {"done": done, "now": now})
    await count_anew(session, [(row.id, row.path, facts) for row, facts in after], now=now)
    for kind, number in sorted(Counter(row.kind for row in rows).items()):
        await audit.write(
            session,
            action="indicator.count_overdue",
            subject_type="indicator",
            subject_id=indicator_id(next(code for code, (counted, _) in RULES.items() if counted.kind == kind)),
            actor=None,
            now=now,
            details={"day": today.isoformat(), f"{kind}s": number},
        )
    return len(rows)


async def mark_all_overdue(database: Database, *, now: datetime) -> None:
    """Mark batch by batch, each a transaction; one that dies in between goes on where it stopped."""
    while True:
        async with database.write() as session:
            marked = await mark_overdue(session, now=now)
        if marked < BATCH:
            return
