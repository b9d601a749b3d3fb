"""Fold every kept item anew into the figures of the indicators made from events: the same items, the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from targets.actions.compute_value import figure_id, make_figures, tell_figures
from targets.actions.keep_item import write_contributions
from targets.actions.recalculate import hold_all, recalculate
from targets.domain.event_rules import shares
from targets.domain.periods import parse_period
from targets.queries.event_items import CODES, read_facts
from targets.seeds.resolution import indicator_id
from targets.tables import event_item

BATCH: Final = 2000
# Nobody changes an item meanwhile, nor reads one to change it.
_LOCK = text("LOCK TABLE event_item IN EXCLUSIVE MODE")
_CHECKSUM = text(
    """
    SELECT md5(COALESCE(string_agg(concat_ws('|', indicator_id, period, organisation_id, trim_scale(numerator),
                                             trim_scale(denominator), counted, expected), ',' ORDER BY id), ''))
      FROM roll_up WHERE indicator_id = ANY(CAST(:indicators AS uuid[]))
       AND (numerator, denominator, counted, expected) IS DISTINCT FROM (0, 0, 0, 0)
    """
)
_FOLD = text(
    """
    SELECT c.indicator_id, above AS organisation_id, c.period, sum(c.numerator) AS numerator,
           sum(c.denominator) AS denominator, sum(c.counted) AS counted, sum(c.expected) AS expected
      FROM contribution c JOIN event_item i ON i.id = c.item_id, unnest(array_append(i.path, NULL)) AS above
     GROUP BY c.indicator_id, above, c.period
    """
)
_SET = text(
    """
    WITH wanted AS (
      SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numerators AS numeric[]), CAST(:denominators AS numeric[]),
                           CAST(:counted AS int[]), CAST(:expected AS int[]))
           AS w(id, numerator, denominator, counted, expected)
    ), held AS (
      SELECT id FROM roll_up WHERE indicator_id = ANY(CAST(:indicators AS uuid[])) ORDER BY id FOR UPDATE
    ), figure AS (
      SELECT id, COALESCE(w.numerator, 0) AS numerator, COALESCE(w.denominator, 0) AS denominator,
             COALESCE(w.counted, 0) AS counted, COALESCE(w.expected, 0) AS expected
        FROM held LEFT JOIN wanted w USING (id)
    )
    UPDATE roll_up AS v
       SET numerator = f.numerator, denominator = f.denominator, counted = f.counted, expected = f.expected,
           told = v.told + CAST((v.numerator, v.denominator) IS DISTINCT FROM (f.numerator, f.denominator) AS int),
           computed_at = :now
      FROM figure f
     WHERE v.id = f.id AND (v.numerator, v.denominator, v.counted, v.expected)
                           IS DISTINCT FROM (f.numerator, f.denominator, f.counted, f.expected)
    RETURNING v.id, v.indicator_id, v.period, v.organisation_id, v.numerator, v.denominator, v.counted, v.expected,
              v.told, (old.numerator, old.denominator) IS DISTINCT FROM (new.numerator, new.denominator) AS changed
    """
)
INDICATORS: Final = sorted(CODES)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a recomputation read and changed; equal checksums say that every number was right before."""

    items: int
    figures_changed: int
    checksum_before: str
    checksum_after: str


async def recompute(session: AsyncSession, *, now: datetime) -> Recomputed:
    """Count every item anew and set each figure to the sum; tell those that were others before.

    Takes its time in one transaction, in which no event is taken in; figures are read as they were until it ends.
    """
    await hold_all(session)
    await session.execute(_LOCK)
    before = await checksum(session)
    items = await _count_items(session)
    folded = (await session.execute(_FOLD)).all()
    changed = await _set_figures(session, folded, now=now)
    after = await checksum(session)
    done = Recomputed(items, changed, before, after)
    await audit.write(
        session,
        action="indicator.recompute",
        subject_type="indicator",
        subject_id=indicator_id("GEN-04"),
        actor=audit.house("targets"),
        now=now,
        details={"items": items, "figures_changed": changed, "checksum_before": before, "checksum_after": after},
    )
    return done


async def checksum(session: AsyncSession) -> str:
    """Return a checksum of all figures made from events, but for those at zero."""
    found: str = await session.scalar(_CHECKSUM, {"indicators": INDICATORS})
    return found


async def _count_items(session: AsyncSession) -> int:
    columns = (event_item.c.id, event_item.c.kind, event_item.c.facts, event_item.c.path)
    after, number = UUID(int=0), 0
    while True:
        statement = select(*columns).where(event_item.c.id > after).order_by(event_item.c.id).limit(BATCH)
        rows = (await session.execute(statement)).all()
        if not rows:
            return number
        given = {row.id: {} if row.path is None else shares(read_facts(row.kind, row.facts)) for row in rows}
        await write_contributions(session, given)
        after, number = rows[-1].id, number + len(rows)


async def _set_figures(session: AsyncSession, folded: Sequence[Row[Any]], *, now: datetime) -> int:
    places = [(CODES[row.indicator_id], row.organisation_id, row.period) for row in folded]
    await make_figures(session, places, now=now)
    rows = await session.execute(
        _SET,
        {
            "now": now,
            "indicators": INDICATORS,
            "ids": [figure_id(*place) for place in places],
            "numerators": [Decimal(row.numerator) for row in folded],
            "denominators": [Decimal(row.denominator) for row in folded],
            "counted": [row.counted for row in folded],
            "expected": [row.expected for row in folded],
        },
    )
    changed = [row for row in rows.all() if row.changed]
    await recalculate(session, {(CODES[row.indicator_id], parse_period(row.period)) for row in changed}, None, now=now)
    await tell_figures(session, changed, now=now)
    return len(changed)
