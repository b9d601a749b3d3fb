"""What every judgement asks, of one indicator or of many: the target valid then, and what is known up to then.

Progress, dashboards, rankings, snapshots, reports and events all judge by `domain.progress.assess` with what is read
here, so that the same figure has the same status wherever it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from targets.domain.judging import Target
from targets.domain.pace import Point
from targets.domain.periods import Period, PeriodKind
from targets.domain.progress import EACH_UNIT, Asked, looks_back_to
from targets.domain.time_aggregation import Held
from targets.queries.formulas import held

Known = Mapping[str, Held]
"""What is known of an indicator and a place, by period code."""
NOTHING_KNOWN: Known = {}


def target_on(versions: Iterable[Any], day: date) -> Any | None:
    """Return the target version valid on a day."""
    for row in versions:
        if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to):
            return row
    return None


def ended_before(versions: Iterable[Any], day: date) -> bool:
    """Say whether some target version ended before a day."""
    return any(row.valid_to is not None and row.valid_to < day for row in versions)


def as_target(row: Any | None) -> Target | None:
    """Return the rule's view of a target version."""
    if row is None:
        return None
    return Target(row.comparator, row.value, row.valid_from, row.valid_to, row.minimum_coverage, row.minimum_population)


def as_baseline(row: Any | None) -> Point | None:
    """Return the value a target version starts from, where it names one."""
    if row is None or row.baseline_value is None or row.baseline_on is None:
        return None
    return Point(row.baseline_on, Fraction(row.baseline_value))


def asked_about(
    indicator: Any,
    versions: Sequence[Any],
    period: Period,
    *,
    is_whole: bool = True,
    allocated: Decimal | None = None,
) -> Asked:
    """Return by which rule an indicator is judged in a period; `allocated` is what was handed down to the place."""
    target = target_on(versions, period.last_day)
    return Asked(
        kind=indicator.kind,
        how=indicator.time_aggregation,
        reporting_kinds=tuple(map(PeriodKind, indicator.reporting_kinds)),
        target=as_target(target),
        counting_method=None if target is None else target.counting_method,
        baseline=as_baseline(target),
        ended_before=ended_before(versions, period.first_day),
        each_unit=target is not None and target.aggregation_scope == EACH_UNIT,
        is_whole=is_whole,
        allocated=allocated,
    )


_KNOWN = """
    SELECT f.indicator_id, f.organisation_id, f.period, f.numerator, f.denominator, f.breakdown, f.methods, f.counted,
           f.expected, f.population_counted, f.population_expected, f.told, f.computed_at
      FROM roll_up f
     WHERE f.indicator_id = ANY (:indicators) AND f.last_day BETWEEN :since AND :until {places}
     ORDER BY f.last_day, f.period
"""
_EVERYWHERE = text(_KNOWN.format(places=""))
_OF_THE_WHOLE = text(_KNOWN.format(places="AND f.organisation_id IS NULL"))
_OF_SOME = text(
    _KNOWN.format(places="AND (f.organisation_id = ANY (:places) OR (:whole AND f.organisation_id IS NULL))")
).bindparams(bindparam("places", type_=ARRAY(Uuid())))


async def find_known(
    session: AsyncSession,
    indicator_ids: Sequence[UUID],
    periods: Iterable[Period],
    places: Iterable[UUID | None] | None,
) -> dict[tuple[UUID, UUID | None], dict[str, Held]]:
    """Return what is known of indicators and places for these periods and their trend (one statement).

    A place is an organisation with what lies below it, or None for the whole; without `places` all of them.
    """
    spans = list(periods)
    given: dict[str, Any] = {
        "indicators": list(indicator_ids),
        "since": min(map(looks_back_to, spans)),
        "until": max(span.last_day for span in spans),
    }
    statement = _EVERYWHERE
    if places is not None:
        wanted = set(places)
        some = sorted(place for place in wanted if place is not None)
        statement = _OF_SOME if some else _OF_THE_WHOLE
        given |= {"places": some, "whole": None in wanted} if some else {}
    known: dict[tuple[UUID, UUID | None], dict[str, Held]] = {}
    for row in (await session.execute(statement, given)).all():
        known.setdefault((row.indicator_id, row.organisation_id), {})[row.period] = held(row)
    return known
