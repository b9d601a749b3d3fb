"""What is said about where an indicator is heading: the pace that is needed, and the trend so far."""

from typing import Any, Self

from servicekit.text import Answer, Exact, LegalDate
from targets.api.shared_answers import Step
from targets.domain import explaining
from targets.domain.judging import Outlook, Target
from targets.domain.pace import CONFIDENCE, Pace, Projection, shown


class PointAnswer(Answer):
    """One value of the series: the percentage, number or grade on a day."""

    on: LegalDate
    value: Exact


class PaceAnswer(Answer):
    """How fast the target must be approached, and how fast it was; per day, rounded to six decimals."""

    first: PointAnswer
    first_is_baseline: bool
    last: PointAnswer
    target: Exact
    due_on: LegalDate
    days_left: int
    remaining: Exact
    required_per_day: Exact | None
    required_per_period: Exact | None
    periods_left: int | None
    so_far_per_day: Exact | None
    value_at_due: Exact | None

    @classmethod
    def of(cls, pace: Pace) -> Self:
        """Show a pace."""
        return cls(
            first=PointAnswer(on=pace.first.on, value=shown(pace.first.value)),
            first_is_baseline=pace.first_is_baseline,
            last=PointAnswer(on=pace.last.on, value=shown(pace.last.value)),
            target=shown(pace.target),
            due_on=pace.due_on,
            days_left=pace.days_left,
            remaining=shown(pace.remaining),
            required_per_day=_shown(pace.required_per_day),
            required_per_period=_shown(pace.required_per_period),
            periods_left=pace.periods_left,
            so_far_per_day=_shown(pace.so_far_per_day),
            value_at_due=_shown(pace.value_at_due),
        )


class ProjectionAnswer(Answer):
    """Where the trend stands at the target's date; a new observation would lie between `low` and `high`."""

    on: LegalDate
    value: Exact
    low: Exact
    high: Exact
    confidence: int
    per_day: Exact
    points: int
    t: Exact
    sure: bool
    """Both ends of the interval give the same answer."""

    @classmethod
    def of(cls, line: Projection, target: Target) -> Self:
        """Show a projection."""
        return cls(
            on=line.on,
            value=shown(line.value),
            low=line.low,
            high=line.high,
            confidence=CONFIDENCE,
            per_day=shown(line.per_day),
            points=line.points,
            t=line.t,
            sure=explaining.is_sure(line, target),
        )


def projection_of(line: Projection | None, target: Target | None) -> ProjectionAnswer | None:
    """Show a projection, if there is one."""
    return None if line is None or target is None else ProjectionAnswer.of(line, target)


def why_none(line: Projection | None, outlook: Outlook | None) -> Step | None:
    """Say why a level has no projection."""
    if line is not None or outlook is None or not outlook.level:
        return None
    vi, en = explaining.why_no_projection(len(outlook.series))
    return Step(vi=vi, en=en)


def _shown(value: Any) -> Any:
    return None if value is None else shown(value)
