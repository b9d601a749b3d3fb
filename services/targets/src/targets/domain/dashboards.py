"""Which period of an indicator answers a question about another period.

Somebody looks at 2026S1: what has figures of that half-year, its own or those of shorter periods in it, shows them, as
progress does. A yearly indicator without them shows 2026 if it has figures already and 2025 otherwise, and so does a
number that is counted over the year, with what was counted so far. Every line of a dashboard names the period it
shows, and the periods its figures are of.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final
from uuid import UUID

from targets.domain.figures import Figures
from targets.domain.periods import MONTHS, Period, PeriodKind, names_term, parse_period, period_of, preceding
from targets.domain.progress import looks_back_to
from targets.domain.time_aggregation import Held, How, gather

SECTIONS: Final = ("general_goal", "target", "goal", "task", "duty")
"""The parts of a resolution, in its order."""


def reach(asked: Period) -> tuple[Period, Period]:
    """Return the first and the last period that may be shown for a period."""
    every = [asked, *(one for kind in MONTHS for one in _around(asked, kind))]
    return min(every, key=lambda one: one.first_day), max(every, key=lambda one: one.last_day)


def shown_period(
    asked: Period, own: PeriodKind, known: Mapping[str, Held], how: How, *, counted_anew: bool
) -> Period | None:
    """Return the period a line shows: one with figures, else one that is expected; None when there is neither.

    `own` is the kind of period the target is for. A number that is `counted_anew` in each of them can only be judged
    over the whole of one, so that one goes before a part of it.
    """
    around = _around(asked, own)
    instead = [*around, asked] if counted_anew else [asked, *around]
    instead += _inside(asked, own, known)
    with_figures = (one for one in instead if gather(one, known, how) is not None)
    return next(with_figures, None) or next((one for one in instead if one.code in known), None)


def period_before(period: Period, known: Mapping[str, Held], how: How) -> tuple[str, Figures] | None:
    """Return the newest earlier period of the kind with figures, as far back as a trend looks, and its figures."""
    if period.kind in MONTHS:
        before = preceding(period)
        gathered = gather(before, known, how)
        if gathered is not None and gathered.held.figures is not None:
            return before.code, gathered.held.figures
    since = looks_back_to(period)
    found = None
    for span, held in _spans(known, period.kind):
        if held.figures is not None and since <= span.last_day < period.last_day:
            found = span.code, held.figures
    return found


def _around(asked: Period, kind: PeriodKind) -> list[Period]:
    """Return the longer period around the asked one, and the one before; none for kinds that are not longer."""
    if kind not in MONTHS:
        return []
    around = period_of(asked.last_day, kind)
    longer = around.first_day <= asked.first_day and around.code != asked.code
    return [around, preceding(around)] if longer else []


def _inside(asked: Period, kind: PeriodKind, known: Mapping[str, Held]) -> list[Period]:
    """Return the known periods of a kind inside the asked one, newest first."""
    return [span for span, _ in _spans(known, kind) if asked.contains(span) and span.code != asked.code][::-1]


def _spans(known: Mapping[str, Held], kind: PeriodKind) -> list[tuple[Period, Held]]:
    """Return what is known of one kind of period with its days, in the order of time; terms are not looked up."""
    every = ((parse_period(code), held) for code, held in known.items() if not names_term(code))
    return sorted((one for one in every if one[0].kind is kind), key=lambda one: one[0].last_day)


@dataclass(frozen=True, slots=True)
class Line:
    """What the summary needs of one indicator."""

    section: str
    status: str
    disputed: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """How the indicators of one section stand."""

    section: str
    indicators: int
    by_status: dict[str, int]
    disputed: int


def summaries(lines: Iterable[Line]) -> list[Summary]:
    """Count the lines of every section that has some."""
    given = list(lines)
    found = []
    for section in SECTIONS:
        own = [line for line in given if line.section == section]
        if own:
            by_status = dict(sorted(Counter(line.status for line in own).items()))
            found.append(Summary(section, len(own), by_status, sum(line.disputed for line in own)))
    return found


@dataclass(frozen=True, slots=True, order=True)
class Ranked:
    """A unit's place: those with figures first, by the number that is judged, then by id."""

    missing: bool
    measure: Fraction
    organisation_id: UUID
    rank: int | None = field(compare=False)


def ranking(values: Mapping[UUID, Fraction | None], *, higher_first: bool) -> list[Ranked]:
    """Rank units: equal values have one rank, and nobody is ranked by a figure that is missing."""
    sign = -1 if higher_first else 1
    known = {unit: sign * value for unit, value in values.items() if value is not None}
    first: dict[Fraction, int] = {}
    for number, measure in enumerate(sorted(known.values()), start=1):
        first.setdefault(measure, number)
    ranked = [Ranked(False, measure, unit, first[measure]) for unit, measure in known.items()]
    unranked = [Ranked(True, Fraction(0), unit, None) for unit, value in values.items() if value is None]
    return sorted([*ranked, *unranked])
