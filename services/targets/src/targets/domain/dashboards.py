"""Which period of an indicator answers a question about another period.

Somebody looks at 2026S1: what is reported by half-year shows it as soon as it has figures. Otherwise a monthly
indicator shows its latest month of that half-year that has figures, a half-yearly one the half-year itself, a yearly
one 2026 if it has figures already and 2025 otherwise. Every line of a dashboard names the period it shows.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from targets.domain.periods import MONTHS, Period, PeriodKind, period_of, preceding

SECTIONS: Final = ("general_goal", "target", "goal", "task", "duty")
"""The parts of a resolution, in its order."""


@dataclass(frozen=True, slots=True)
class Span:
    """The periods of one kind that may be shown, from the first to the last."""

    kind: str
    first: Period
    last: Period


def spans(asked: Period) -> list[Span]:
    """Return for every kind of period which of them answer for the asked one; a term answers for itself alone."""
    of_calendar = [_span(kind, asked) for kind in (PeriodKind.DATE, *MONTHS)]
    return [*of_calendar, Span(asked.kind.value, asked, asked)] if asked.kind is PeriodKind.TERM else of_calendar


def _span(kind: PeriodKind, asked: Period) -> Span:
    around = period_of(asked.last_day, kind)
    if (around.first_day, around.last_day) != (asked.first_day, asked.last_day) and around.first_day <= asked.first_day:
        # Longer than what was asked for: the one around it, or the one before.
        return Span(kind.value, preceding(around), around)
    return Span(kind.value, period_of(asked.first_day, kind), around)


def reach(asked: Period) -> tuple[date, date]:
    """Return the first and the last day of everything that may be shown for a period."""
    of_kind = spans(asked)
    return min(span.first.first_day for span in of_kind), max(span.last.last_day for span in of_kind)


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
