"""Add to computed indicators, and tell the new values."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import outbox
from servicekit.working_days import local_date
from targets import publish
from targets.domain.figures import Figures
from targets.domain.judging import Coverage, judge
from targets.domain.on_time import Contribution
from targets.domain.periods import parse_period
from targets.queries.indicators import as_target, ended_before, find_indicator, find_targets, target_on

INDICATOR = "GEN-04"


@dataclass(frozen=True, slots=True)
class Addition:
    """What is added to an organisation's figures of a year, or to the whole's."""

    organisation_id: UUID | None
    """None is the whole."""
    change: Contribution


# Rows are made first and then locked in one order, so that two writers never wait for each other.
_MAKE = text(
    """
    INSERT INTO roll_up (id, indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,
                         counted, expected, told, computed_at)
    SELECT a.id, :indicator, a.period, 'year', a.last_day, a.organisation, 0, 0, 0, 0, 0, :now
      FROM unnest(CAST(:ids AS uuid[]), CAST(:periods AS text[]), CAST(:last_days AS date[]),
                  CAST(:organisations AS uuid[])) AS a(id, period, last_day, organisation)
     ORDER BY a.id
    ON CONFLICT DO NOTHING
    """
)
_ADD = text(
    """
    WITH added AS (
      SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:on_time AS int[]), CAST(:counted AS int[]),
                           CAST(:running AS int[])) AS a(id, on_time, counted, running)
    ), held AS (
      SELECT v.id FROM roll_up v JOIN added USING (id) ORDER BY v.id FOR UPDATE OF v
    )
    UPDATE roll_up AS v
       SET numerator = v.numerator + a.on_time, denominator = v.denominator + a.counted,
           counted = v.counted + a.counted, expected = v.expected + a.counted + a.running, computed_at = :now,
           told = v.told + CASE WHEN a.on_time <> 0 OR a.counted <> 0 THEN 1 ELSE 0 END
      FROM added a JOIN held USING (id) WHERE v.id = a.id
    RETURNING v.id, v.period, v.organisation_id, v.numerator, v.counted, v.expected, v.told, v.denominator,
              (a.on_time <> 0 OR a.counted <> 0) AS changed
    """
)


async def add_to_values(session: AsyncSession, additions: Iterable[Addition], *, now: datetime) -> None:
    """Add up, write, and tell one event for each organisation and year whose figures changed."""
    sums = _summed(additions)
    if not sums:
        return
    indicator = await find_indicator(session, INDICATOR)
    ids = [uuid5(indicator.id, f"{period}:{organisation}") for organisation, period in sums]
    await session.execute(
        _MAKE,
        {
            "indicator": indicator.id,
            "now": now,
            "ids": ids,
            "periods": [period for _, period in sums],
            "last_days": [parse_period(period).last_day for _, period in sums],
            "organisations": [organisation for organisation, _ in sums],
        },
    )
    rows = await session.execute(
        _ADD,
        {
            "now": now,
            "ids": ids,
            "on_time": [change.on_time for change in sums.values()],
            "counted": [change.counted for change in sums.values()],
            "running": [change.running for change in sums.values()],
        },
    )
    targets = (await find_targets(session, [indicator.id])).get(indicator.id, [])
    for row in sorted(rows.all(), key=lambda row: row.id):
        if not row.changed or row.organisation_id is None:
            continue
        period = parse_period(row.period)
        judgement = judge(
            Figures(row.numerator, row.denominator),
            as_target(target_on(targets, period.last_day)),
            ratio=True,
            coverage=Coverage(row.counted, row.expected),
            last_day=period.last_day,
            today=local_date(now),
            ended_before=ended_before(targets, period.first_day),
        )
        event = publish.indicator_computed(
            row.id,
            row.told,
            indicator_code=INDICATOR,
            period=row.period,
            organisation_id=row.organisation_id,
            numerator=Decimal(row.numerator),
            denominator=Decimal(row.denominator),
            status=judgement.status,
        )
        await outbox.record(session, event=event, now=now)


def spread(path: Sequence[UUID], changed: Iterable[Contribution]) -> list[Addition]:
    """Return the additions for an organisation, everyone above it, and the whole."""
    return [Addition(organisation, change) for change in changed for organisation in (*path, None)]


def _summed(additions: Iterable[Addition]) -> dict[tuple[UUID | None, str], Contribution]:
    sums: dict[tuple[UUID | None, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for addition in additions:
        change = addition.change
        total = sums[addition.organisation_id, change.period]
        total[0] += change.on_time
        total[1] += change.counted
        total[2] += change.running
    return {key: Contribution(key[1], *total) for key, total in sums.items() if any(total)}
