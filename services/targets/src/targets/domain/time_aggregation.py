"""Figures of a long period from those of the shorter periods in it: added up, or the last one, as the indicator says.

Twelve months of a count are added; of a level (the share of members on a day) the last known month stands for the
year. A month without figures is no zero: the whole is then partial, names the month, and counts nobody for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Final, Literal

from targets.domain.figures import Figures, roll_up
from targets.domain.judging import Coverage
from targets.domain.periods import MONTHS, SHORTEST_FIRST, Period, PeriodKind, sub_periods

How = Literal["sum", "last"]
LONGEST_FIRST: Final = tuple(reversed(SHORTEST_FIRST))


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of one indicator, period and organisation; population None where it is not known."""

    figures: Figures | None
    coverage: Coverage
    population: tuple[Decimal | None, Decimal | None] = (None, None)
    methods: tuple[str, ...] = ()
    told: int = 0
    """How often it has changed."""
    computed_at: datetime | None = None
    """When it last changed."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Figures of a period, the periods they were made of, and those that are missing."""

    held: Held
    periods: tuple[str, ...]
    missing: tuple[str, ...] = ()


@cache
def parts_of(period: Period, kind: PeriodKind) -> tuple[Period, ...]:
    """Return the shorter periods a period is made of, in order; the period itself when the kind is its own."""
    if kind is period.kind:
        return (period,)
    if kind not in MONTHS or SHORTEST_FIRST.index(kind) > SHORTEST_FIRST.index(period.kind):
        return ()
    return tuple(sub_periods(period, kind))


def gather(period: Period, known: Mapping[str, Held], how: How, *, today: date | None = None) -> Gathered | None:
    """Return the period's own figures, or else those of the longest shorter kind that has any; None without any.

    With `today`, a part that has not ended yet is not missing; what is stored asks without, so that it stays the same.
    """
    for kind in LONGEST_FIRST:
        spans = parts_of(period, kind)
        codes = [span.code for span in spans]
        present = [code for code in codes if code in known and known[code].figures is not None]
        if present:
            missing = tuple(
                span.code for span in spans if span.code not in present and (today is None or span.last_day < today)
            )
            chosen = present if how == "sum" else present[-1:]
            return Gathered(_combined([known[code] for code in chosen], len(missing), how), tuple(chosen), missing)
    return None


def _combined(parts: Sequence[Held], missing: int, how: How) -> Held:
    if len(parts) == 1 and (how == "last" or missing == 0):
        return parts[0]
    largest = max(part.coverage.expected for part in parts)
    coverage = Coverage(
        counted=sum(part.coverage.counted for part in parts),
        expected=sum(part.coverage.expected for part in parts) + missing * largest,
    )
    return Held(
        figures=roll_up(part.figures for part in parts if part.figures is not None),
        coverage=coverage,
        population=parts[-1].population,
        methods=tuple(sorted({method for part in parts for method in part.methods})),
        computed_at=max((part.computed_at for part in parts if part.computed_at is not None), default=None),
    )
