"""Add to the figures of indicators made from events, and tell the new values."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import outbox
from servicekit.working_days import local_date
from targets import publish
from targets.actions.recalculate import hold_formulas, recalculate
from targets.domain.event_rules import Share
from targets.domain.periods import parse_period
from targets.domain.progress import assess
from targets.queries.event_items import CODES
from targets.queries.judged_places import find_rules
from targets.queries.judging import NOTHING_KNOWN, find_known
from targets.seeds.resolution import indicator_id


@dataclass(frozen=True, slots=True)
class Addition:
    """What is added to an indicator's figures of an organisation and year, or of the whole."""

    indicator: str
    organisation_id: UUID | None
    """None is the whole."""
    share: Share


# Rows are made first and then locked in one order, so that two writers never wait for each other. What was told of a
# row that is gone counts on, or its next event would be taken for an old one.
_MAKE = text(
    """
    INSERT INTO roll_up (id, indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,
                         counted, expected, told, computed_at)
    SELECT a.id, a.indicator, a.period, 'year', a.last_day, a.organisation, 0, 0, 0, 0,
           COALESCE((SELECT max(o.sequence) FROM outbox o WHERE o.subject = a.id), 0), :now
      FROM unnest(CAST(:ids AS uuid[]), CAST(:indicators AS uuid[]), CAST(:periods AS text[]),
                  CAST(:last_days AS date[]), CAST(:organisations AS uuid[]))
           AS a(id, indicator, period, last_day, organisation)
     WHERE NOT EXISTS (SELECT FROM roll_up v WHERE v.id = a.id)
     ORDER BY a.id
    ON CONFLICT DO NOTHING
    """
)
_ADD = text(
    """
    WITH added AS (
      SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numerators AS int[]), CAST(:denominators AS int[]),
                           CAST(:counted AS int[]), CAST(:expected AS int[]))
           AS a(id, numerator, denominator, counted, expected)
    ), held AS (
      SELECT v.id FROM roll_up v JOIN added USING (id) ORDER BY v.id FOR UPDATE OF v
    )
    UPDATE roll_up AS v
       SET numerator = v.numerator + a.numerator, denominator = v.denominator + a.denominator,
           counted = v.counted + a.counted, expected = v.expected + a.expected, computed_at = :now,
           told = v.told + CASE WHEN a.numerator <> 0 OR a.denominator <> 0 THEN 1 ELSE 0 END
      FROM added a JOIN held USING (id) WHERE v.id = a.id
    RETURNING v.id, v.indicator_id, v.period, v.organisation_id, v.numerator, v.denominator, v.counted, v.expected,
              v.told, (a.numerator <> 0 OR a.denominator <> 0) AS changed
    """
)


async def add_to_figures(session: AsyncSession, additions: Iterable[Addition], *, now: datetime) -> None:
    """Add up, write, and tell one event for each organisation and year whose figures changed."""
    sums = _summed(additions)
    if not sums:
        return
    used = await hold_formulas(session, pairs=[(code, parse_period(period)) for code, _, period in sums])
    await make_figures(session, list(sums), now=now)
    rows = await session.execute(
        _ADD,
        {
            "now": now,
            "ids": [figure_id(*place) for place in sums],
            "numerators": [share.numerator for share in sums.values()],
            "denominators": [share.denominator for share in sums.values()],
            "counted": [share.counted for share in sums.values()],
            "expected": [share.expected for share in sums.values()],
        },
    )
    if used:
        await recalculate(session, used, [place for _, place, _ in sums if place is not None], now=now)
    await tell_figures(session, [row for row in rows.all() if row.changed], now=now)


Place = tuple[str, UUID | None, str]
"""(indicator, organisation or the whole, period)."""


def figure_id(indicator: str, organisation_id: UUID | None, period: str) -> UUID:
    """Return the id of a figure made from events, which follows from what it is the figure of."""
    return uuid5(indicator_id(indicator), f"{period}:{organisation_id}")


async def make_figures(session: AsyncSession, places: Sequence[Place], *, now: datetime) -> None:
    """Make the rows of these figures where there are none, at zero (one statement)."""
    await session.execute(
        _MAKE,
        {
            "now": now,
            "ids": [figure_id(*place) for place in places],
            "indicators": [indicator_id(code) for code, _, _ in places],
            "periods": [period for _, _, period in places],
            "last_days": [_last_day(period) for _, _, period in places],
            "organisations": [organisation for _, organisation, _ in places],
        },
    )


async def tell_figures(session: AsyncSession, rows: Iterable[Row[Any]], *, now: datetime) -> None:
    """Tell the new value of each organisation; the whole's is that of its topmost body, and not told again.

    The status is the one its progress shows (two statements, none when there is nothing to tell).
    """
    told = sorted((row for row in rows if row.organisation_id is not None), key=lambda row: row.id)
    if not told:
        return
    indicators, places = sorted({row.indicator_id for row in told}), sorted({row.organisation_id for row in told})
    periods = {row.period: parse_period(row.period) for row in told}
    rules = await find_rules(session, indicators, places)
    known = await find_known(session, indicators, periods.values(), [*places, None])
    for row in told:
        period, own = periods[row.period], known.get((row.indicator_id, row.organisation_id), NOTHING_KNOWN)
        whole = known.get((row.indicator_id, None), NOTHING_KNOWN)
        asked = rules[row.indicator_id].asked(period, row.organisation_id, own, whole)
        judgement = assess(own, period, asked, today=local_date(now)).judgement
        event = publish.indicator_computed(
            row.id,
            row.told,
            indicator_code=CODES[row.indicator_id],
            period=row.period,
            organisation_id=row.organisation_id,
            numerator=Decimal(row.numerator),
            denominator=Decimal(row.denominator),
            status=judgement.status,
        )
        await outbox.record(session, event=event, now=now)


def _last_day(period: str) -> date:
    return parse_period(period).last_day


def _summed(additions: Iterable[Addition]) -> dict[Place, Share]:
    sums: dict[Place, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for addition in additions:
        share = addition.share
        total = sums[addition.indicator, addition.organisation_id, share.period]
        for place, number in enumerate((share.numerator, share.denominator, share.counted, share.expected)):
            total[place] += number
    return {place: Share(place[2], *total) for place, total in sums.items() if any(total)}
