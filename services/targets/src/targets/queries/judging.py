"""What every judgement asks, of one indicator or of many: the target valid then, and what is known up to then.

Progress, dashboards, rankings, snapshots, reports and events all judge by `domain.progress.assess` with what is read
here, so that the same figure has the same status wherever it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
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
NOTHING_KNOWN: Known = MappingProxyType({})


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
        own_kind=PeriodKind(indicator.period_kind),
        reporting_kinds=tuple(map(PeriodKind, indicator.reporting_kinds)),
        target=as_target(target),
        counting_method=None if target is None else target.counting_method,
        baseline=as_baseline(target),
        ended_before=ended_before(versions, period.first_day),
        each_unit=target is not None and target.aggregation_scope == EACH_UNIT,
        is_whole=is_whole,
        allocated=allocated,
    )


# Figures as text: a number in JSON would be read as a float.
VERSIONS_OF_INDICATOR = """
    SELECT t.indicator_id, CAST(jsonb_agg(to_jsonb(t) || jsonb_build_object('value', CAST(t.value AS text),
             'minimum_coverage', CAST(t.minimum_coverage AS text), 'minimum_population',
             CAST(t.minimum_population AS text), 'baseline_value', CAST(t.baseline_value AS text), 'allocated',
             CAST(handed.value AS text)) ORDER BY t.number) AS text) AS versions
      FROM target_version t
      LEFT JOIN allocated_target handed ON handed.target_version_id = t.id AND handed.organisation_id = {place}
       AND handed.version = (SELECT max(version) FROM allocation WHERE target_version_id = t.id)
     GROUP BY t.indicator_id
"""


@dataclass(frozen=True, slots=True)
class TargetVersion:
    """One version of an indicator's target, and what the newest allocation hands down of it to the place asked for."""

    id: UUID
    number: int
    comparator: str
    value: Decimal | None
    valid_from: date
    valid_to: date | None
    aggregation_scope: str
    counting_method: str
    minimum_coverage: Decimal | None
    minimum_population: Decimal | None
    baseline_value: Decimal | None
    baseline_on: date | None
    decision: str
    decided_on: date
    allocated: Decimal | None


_VERSIONS = TypeAdapter(tuple[TargetVersion, ...])


@lru_cache(maxsize=1024)
def read_versions(stored: str | None) -> tuple[TargetVersion, ...]:
    """Return the target versions as `VERSIONS_OF_INDICATOR` writes them, oldest first."""
    return () if stored is None else _VERSIONS.validate_json(stored)


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
