"""Is the target met, or will it be? The comparator is data: "trên 74 %" is ">", "từ 02 … trở lên" is ">=".

Rates are compared by cross-multiplying, exactly: 100 × numerator against value × denominator. So 74.00 % of anything
misses "> 74" and the smallest person more reaches it.

While the period, or the target of a level, still runs, what is asked is whether the target will be reached in time:
by the projection where the series has three values, by the required pace where it has two, by the comparison of the
figures so far otherwise. `decided_by` says which.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from targets.domain.figures import EXACT, Figures
from targets.domain.measures import COMPARATORS, Measure, compare, measured
from targets.domain.pace import Pace, Point, Projection, pace, project

ACHIEVED: Final = "achieved"
MISSED: Final = "missed"
NOT_ASSESSED: Final = "not_assessed"
PERIOD_ENDED: Final = "period_ended"
ON_TRACK: Final = "on_track"
AT_RISK: Final = "at_risk"

BY_COMPARISON: Final = "comparison"
BY_PACE: Final = "required_pace"
BY_PROJECTION: Final = "projection"


@dataclass(frozen=True, slots=True)
class Target:
    """One version of a target; `value` None when the text names no figure and none was configured."""

    comparator: str
    value: Decimal | None
    valid_from: date
    valid_to: date | None
    minimum_coverage: Decimal | None = None
    """Percent of the expected units below which the whole is not judged."""
    minimum_population: Decimal | None = None
    """Percent of the population of the expected units below which the whole is not judged; None: only shown."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the expected units the figures stand for."""

    counted: int
    expected: int

    @property
    def complete(self) -> bool:
        """Say whether nobody is missing."""
        return self.expected > 0 and self.counted >= self.expected


@dataclass(frozen=True, slots=True)
class Population:
    """How many people live in the units that reported, and in all that should; None where a unit's is not known."""

    counted: Decimal | None = None
    expected: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known beyond the period's own figures, to say whether the target will be reached in time."""

    due_on: date
    """The day the target is to be reached: its own date for a level, the period's end for what is counted anew."""
    series: tuple[Point, ...]
    """The values up to and with this period's; of what is counted anew the number so far."""
    level: bool
    """A level goes on from period to period; a number that is counted anew in each starts from zero."""
    baseline: Point | None = None
    periods_left: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The status, why (a code of `wording.REASONS`), whether it may still change, and the comparison made."""

    status: str
    reason: str
    provisional: bool
    comparison: str | None = None
    decided_by: str | None = None
    pace: Pace | None = None
    projection: Projection | None = None


def judge(
    figures: Figures | None,
    target: Target | None,
    *,
    ratio: bool = False,
    measure: Measure | None = None,
    coverage: Coverage,
    last_day: date,
    today: date,
    ended_before: bool = False,
    counting_methods: int = 1,
    population: Population | None = None,
    outlook: Outlook | None = None,
) -> Judgement:
    """Judge figures against the target that was valid in the period.

    `measure`: which number is judged; without it `ratio` chooses between a share and a number.
    `ended_before`: the indicator had targets, but the last one ended before this period.
    `counting_methods`: how many ways of counting the summed reports used; sums over two are not judged.
    """
    if target is None:
        return Judgement(*((PERIOD_ENDED, "target_ended") if ended_before else (NOT_ASSESSED, "no_target")), False)
    chosen = measure or (Measure.SHARE if ratio else Measure.NUMBER)
    over = today > last_day
    provisional = not (over and coverage.complete)
    if target.value is None:
        return Judgement(NOT_ASSESSED, "no_figure_in_text", provisional)
    if figures is None or coverage.counted == 0 or (ratio and not figures.denominator):
        return Judgement(NOT_ASSESSED, "nothing_to_judge", provisional)
    if counting_methods > 1:
        return Judgement(NOT_ASSESSED, "counting_methods_mixed", provisional)
    compared = compare(figures, target.comparator, target.value, measure=chosen)
    if compared is None:
        return Judgement(NOT_ASSESSED, "no_distribution", provisional)
    holds, comparison = compared
    ahead = _ahead(target.value, outlook)
    if holds and _only_grows(target, chosen, over=over, outlook=outlook):
        return Judgement(ACHIEVED, "comparison_holds", provisional, comparison, BY_COMPARISON, *ahead)
    lacking = _lacking(target, coverage, population)
    if lacking is not None:
        return Judgement(NOT_ASSESSED, lacking, provisional, comparison, None, *ahead)
    if over and (outlook is None or today > outlook.due_on):
        status, reason = (ACHIEVED, "comparison_holds") if holds else (MISSED, "comparison_fails")
        return Judgement(status, reason, provisional, comparison, BY_COMPARISON)
    status, reason, decided_by = _running(target, holds, *ahead, over=over)
    return Judgement(status, reason, provisional, comparison, decided_by, *ahead)


def value_of(figures: Figures | None, measure: Measure) -> Fraction | None:
    """Return the number that is judged; None without figures that give it."""
    return None if figures is None else measured(figures, measure)


SILENCE: Final = Judgement(NOT_ASSESSED, "source_not_telling", True)
"""The judgement of an indicator whose events no service tells yet."""


def _ahead(value: Decimal, outlook: Outlook | None) -> tuple[Pace | None, Projection | None]:
    if outlook is None or not outlook.series:
        return None, None
    speed = pace(
        outlook.series,
        Fraction(value),
        outlook.due_on,
        baseline=outlook.baseline,
        periods_left=outlook.periods_left,
    )
    return speed, project(outlook.series, outlook.due_on) if outlook.level else None


def _running(
    target: Target, holds: bool, speed: Pace | None, line: Projection | None, *, over: bool
) -> tuple[str, str, str]:
    """Decide while there is still time.

    On the target's own day nothing is left to move, and "exactly" is no direction: there the comparison decides.
    """
    assert target.value is not None
    reached = COMPARATORS[target.comparator]
    if target.comparator != "=" and speed is not None and speed.days_left > 0:
        wanted = Fraction(target.value)
        if line is not None:
            return _either(reached(line.value, wanted), "projection", BY_PROJECTION)
        kept = speed.value_at_due
        if kept is not None:
            return _either(reached(kept, wanted), "pace", BY_PACE)
    return _either(holds, "target_running" if over else "period_running", BY_COMPARISON)


_RUNNING_REASONS: Final = {
    "projection": ("projection_reaches", "projection_falls_short"),
    "pace": ("pace_is_enough", "pace_too_slow"),
    "target_running": ("holds_before_due", "does_not_hold_before_due"),
    "period_running": ("holds_so_far", "does_not_hold_yet"),
}


def _either(holds: bool, why: str, decided_by: str) -> tuple[str, str, str]:
    yes, no = _RUNNING_REASONS[why]
    return (ON_TRACK, yes, decided_by) if holds else (AT_RISK, no, decided_by)


def _only_grows(target: Target, measure: Measure, *, over: bool, outlook: Outlook | None) -> bool:
    """A count that has reached "at least" stays reached: missing reports and days can only add to it.

    A level can fall again as long as its period runs.
    """
    falls = outlook is not None and outlook.level and not over
    return measure is Measure.NUMBER and target.comparator in (">", ">=") and not falls


def _lacking(target: Target, coverage: Coverage, population: Population | None) -> str | None:
    """Return why too little is known to judge the whole; None when enough is."""
    if not _enough(Decimal(coverage.counted), Decimal(coverage.expected), target.minimum_coverage):
        return "coverage_too_low"
    if target.minimum_population is None:
        return None
    if population is None or population.counted is None or population.expected is None:
        return "population_unknown"
    if not _enough(population.counted, population.expected, target.minimum_population):
        return "population_coverage_too_low"
    return None


def _enough(part: Decimal, whole: Decimal, minimum: Decimal | None) -> bool:
    return minimum is None or EXACT.multiply(part, Decimal(100)) >= EXACT.multiply(minimum, whole)
