"""How far an indicator is reached in a period, by one organisation or the whole: figures, outlook and judgement.

A unit is held against the target handed down to it. The whole's target is meant for the whole: for a unit it only
stands where the target version says so (aggregation scope `each_unit`), or for the body at the top of all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from targets.domain.figures import Figures, is_ratio
from targets.domain.judging import (
    AT_RISK,
    MISSED,
    NOT_ASSESSED,
    ON_TRACK,
    PERIOD_ENDED,
    Coverage,
    Judgement,
    Outlook,
    Population,
    Target,
    judge,
)
from targets.domain.measures import Measure, measure_of, measured
from targets.domain.pace import Point
from targets.domain.periods import (
    MONTHS,
    SHORTEST_FIRST,
    Period,
    PeriodKind,
    following,
    names_term,
    parse_period,
    period_of,
)
from targets.domain.time_aggregation import Gathered, Held, How, gather, parts_of

EACH_UNIT: Final = "each_unit"
"""The aggregation scope of a target that every unit must reach for itself."""
YEARS_BACK: Final = 10
"""How far back a trend looks: two terms of a congress."""


def looks_back_to(period: Period) -> date:
    """Return the day from which on earlier figures count for a period's trend."""
    return period.first_day.replace(year=period.first_day.year - YEARS_BACK, day=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is judged, and by which rule."""

    kind: str
    how: How
    own_kind: PeriodKind
    """The kind of period the target is for."""
    reporting_kinds: tuple[PeriodKind, ...]
    target: Target | None
    """The whole's, as valid on the period's last day."""
    counting_method: str | None = None
    baseline: Point | None = None
    ended_before: bool = False
    each_unit: bool = False
    is_whole: bool = True
    """True too for the body at the top, below which everything lies that is expected."""
    allocated: Decimal | None = None

    @property
    def measure(self) -> Measure:
        """Which number is judged."""
        return measure_of(self.kind, self.counting_method)

    @property
    def level(self) -> bool:
        """Say whether the value goes on from period to period instead of being counted anew in each."""
        return self.how == "last"

    @property
    def counted_anew(self) -> bool:
        """Say whether it is a number that starts from zero in each of its periods."""
        return self.how == "sum" and self.measure is Measure.NUMBER

    def judged_over(self, period: Period) -> Period:
        """Return the period the target is for: the one asked for, or the longer one around it."""
        if self.own_kind not in MONTHS or period.kind is PeriodKind.TERM:
            return period
        around = period_of(period.last_day, self.own_kind)
        return around if around.contains(period) else period

    @property
    def judged_by(self) -> Target | None:
        """The target this organisation is held against."""
        if self.target is None or self.is_whole or self.allocated is None:
            return self.target
        return replace(self.target, value=self.allocated)


@dataclass(frozen=True, slots=True)
class Progress:
    """The figures, what they say, and what they say against the whole's target where that is another one."""

    gathered: Gathered | None
    coverage: Coverage
    population: Population
    judgement: Judgement
    against_whole: Judgement | None
    outlook: Outlook | None
    measure: Measure
    target: Target | None

    @property
    def figures(self) -> Figures | None:
        """The figures of the period."""
        return None if self.gathered is None else self.gathered.held.figures

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways of counting behind them."""
        return () if self.gathered is None else self.gathered.held.methods

    @property
    def value(self) -> Fraction | None:
        """The number that is judged."""
        return None if self.figures is None else measured(self.figures, self.measure)


def assess(known: Mapping[str, Held], period: Period, asked: Asked, *, today: date) -> Progress:
    """Judge what is known of an indicator and organisation, by period code, up to and with this period."""
    gathered = gather(period, known, asked.how, today=today)
    own = known.get(period.code)
    coverage, population = _stands_for(gathered, own)
    outlook = None if gathered is None else _outlook(known, period, asked, gathered, today)
    a_part = asked.counted_anew and asked.judged_over(period) != period

    def against(target: Target | None) -> Judgement:
        found = judge(
            None if gathered is None else gathered.held.figures,
            target,
            ratio=is_ratio(asked.kind),
            measure=asked.measure,
            coverage=coverage,
            last_day=period.last_day,
            today=today,
            ended_before=asked.ended_before,
            counting_methods=0 if gathered is None else len(gathered.held.methods),
            population=population,
            outlook=outlook,
        )
        # A year's number is not missed by its first half; it may well be reached by it.
        if a_part and found.status in (MISSED, ON_TRACK, AT_RISK):
            return Judgement(NOT_ASSESSED, "target_of_longer_period", found.provisional, found.comparison)
        return found

    whole = against(asked.target)
    judgement, beside = whole, None
    if not asked.is_whole and asked.allocated is not None:
        judgement, beside = against(asked.judged_by), whole
    elif not asked.is_whole and not asked.each_unit and whole.status not in (NOT_ASSESSED, PERIOD_ENDED):
        judgement, beside = Judgement(NOT_ASSESSED, "no_allocation", whole.provisional), whole
    if gathered is not None and gathered.missing:
        judgement = replace(judgement, provisional=True)
    return Progress(gathered, coverage, population, judgement, beside, outlook, asked.measure, asked.judged_by)


def stands_for_all(
    depth: int | None, own: Mapping[str, Held], whole_expected: Mapping[str, int], period: Period, how: How
) -> bool:
    """Say whether an organisation stands at the top, and everything that is expected lies at or below it.

    `whole_expected` is by period code: of figures made of shorter periods, each of those is asked.
    """
    if depth != 1:
        return False
    gathered = gather(period, own, how)
    codes = (period.code,) if gathered is None else gathered.periods
    return all(code in own and own[code].coverage.expected == whole_expected.get(code) for code in codes)


def expected_by_period(known: Mapping[str, Held]) -> dict[str, int]:
    """Return how many are expected, by period code."""
    return {code: held.coverage.expected for code, held in known.items()}


def _stands_for(gathered: Gathered | None, own: Held | None) -> tuple[Coverage, Population]:
    held = own if gathered is None else gathered.held
    if held is None:
        return Coverage(0, 0), Population()
    return held.coverage, Population(*held.population)


def _outlook(
    known: Mapping[str, Held], period: Period, asked: Asked, gathered: Gathered, today: date
) -> Outlook | None:
    target = asked.target
    if target is None or target.value is None or gathered.held.figures is None:
        return None
    value = measured(gathered.held.figures, asked.measure)
    if value is None:
        return None
    # The period itself, or the last of its parts that has figures.
    newest = parse_period(gathered.periods[-1]) if period.kind in MONTHS else period
    here = Point(min(today, newest.last_day), value)
    due = asked.judged_over(period).last_day
    if asked.level:
        due_on = max(target.valid_to or due, due)
        series = (*_earlier(known, newest, asked), here)
        baseline = asked.baseline if asked.is_whole else None
        return Outlook(due_on, series, level=True, baseline=baseline, periods_left=_periods_until(newest, due_on))
    if asked.measure is not Measure.NUMBER or due != period.last_day:
        # Of a share counted anew nobody knows how large the rest of its denominator will be.
        return Outlook(due, (), level=False)
    zero = Point(period.first_day - timedelta(days=1), Fraction(0))
    left = _parts_left(period, asked.reporting_kinds, here.on)
    return Outlook(period.last_day, (here,), level=False, baseline=zero, periods_left=left)


def _earlier(known: Mapping[str, Held], period: Period, asked: Asked) -> Iterator[Point]:
    """Yield the values of earlier periods of this kind that enough units stand behind, counted in one way."""
    since = looks_back_to(period)
    for code, held in known.items():
        if names_term(code):
            continue
        span = _calendar(code)
        if span.kind is not period.kind or not since <= span.last_day < period.last_day or held.figures is None:
            continue
        value = measured(held.figures, asked.measure)
        if value is not None and len(held.methods) <= 1 and _enough(held.coverage, asked.target):
            yield Point(span.last_day, value)


# The same few periods for hundreds of units.
_calendar = lru_cache(maxsize=4096)(parse_period)


def _enough(coverage: Coverage, target: Target | None) -> bool:
    minimum = None if target is None else target.minimum_coverage
    return coverage.counted > 0 and (minimum is None or coverage.counted * 100 >= minimum * coverage.expected)


@lru_cache(maxsize=4096)
def _periods_until(period: Period, due_on: date) -> int:
    """Return how many periods of this kind end after this one and by the target's date."""
    if period.kind not in MONTHS:
        return 0
    number = 0
    step = following(period)
    while step.last_day <= due_on and number < 1000:
        number += 1
        step = following(step)
    return number


def _parts_left(period: Period, kinds: tuple[PeriodKind, ...], day: date) -> int | None:
    """Return how many of the shortest periods that are reported end after a day; None when there is but one."""
    shortest = min((kind for kind in kinds if kind in MONTHS), key=SHORTEST_FIRST.index, default=period.kind)
    parts = parts_of(period, shortest)
    if len(parts) < 2:
        return None
    return sum(1 for part in parts if part.last_day > day)
