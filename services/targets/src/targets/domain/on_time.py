"""GEN-04, "answered on time": what one submission adds to which year, from its clock alone.

Denominator: accepted submissions that were answered, or whose due day has passed. Numerator: those answered on or
before the due day. The year is that of the due day. The first answer counts; what follows after "not solved" is a
new round of the same matter and does not make a late answer punctual (configurable, an open question of GEN-04).

The result depends on the clock only, not on when or in which order the events arrived.
"""

from dataclasses import dataclass
from datetime import date

from targets.domain.periods import PeriodKind, period_of


@dataclass(frozen=True, slots=True)
class AnswerClock:
    """The clock of one submission; `overdue` is set once its due day has passed unanswered."""

    due_on: date | None = None
    answered_on: date | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a submission adds: to the numerator, to the denominator, and to those still running."""

    period: str
    on_time: int
    counted: int
    running: int


def contribution(clock: AnswerClock) -> Contribution | None:
    """Return what the clock adds; None while nothing is due (not accepted)."""
    if clock.due_on is None:
        return None
    period = period_of(clock.due_on, PeriodKind.YEAR).code
    if clock.answered_on is not None:
        return Contribution(period, int(clock.answered_on <= clock.due_on), 1, 0)
    if clock.overdue:
        return Contribution(period, 0, 1, 0)
    return Contribution(period, 0, 0, 1)


def changes(before: Contribution | None, after: Contribution | None) -> list[Contribution]:
    """Return what must be added to the totals so that `after` stands there instead of `before`."""
    if before == after:
        return []
    if before is not None and after is not None and before.period == after.period:
        return [
            Contribution(
                after.period,
                after.on_time - before.on_time,
                after.counted - before.counted,
                after.running - before.running,
            )
        ]
    taken = [] if before is None else [Contribution(before.period, -before.on_time, -before.counted, -before.running)]
    return taken + ([] if after is None else [after])
