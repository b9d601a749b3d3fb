"""Reporting periods and their codes, as in DHIS2, with two of our own: a term of congress and "as at a day".

    2025 (year)   2025S1 (half)   2025Q1 (quarter)   202503 (month)   20251231 (as at that day)   2020T2025 (term)

Anything else is refused, never guessed: "2025-03", "25", "2025S3", "20250230" and full-width digits are no codes.
The days of a term are data of the installation and come in as `terms`; of every other kind the code says them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from targets.domain.refusals import UnknownPeriod

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
_CODE: Final = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:S(?P<half>[12])|Q(?P<quarter>[1-4])|T(?P<until>[0-9]{4})|(?P<month>0[1-9]|1[0-2])(?P<day>[0-9]{2})?)?"
)


class PeriodKind(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    TERM = "term"
    DATE = "date"


MONTHS: Final = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF: 6, PeriodKind.YEAR: 12}
"""The kinds the calendar alone makes, and how many months each has."""
SHORTEST_FIRST: Final = (PeriodKind.DATE, *MONTHS, PeriodKind.TERM)
"""Every kind, by how long it is."""


@dataclass(frozen=True, slots=True)
class Period:
    """A span of local days, both ends included; "as at a day" is that day alone."""

    code: str
    kind: PeriodKind
    first_day: date
    last_day: date

    def contains(self, other: "Period") -> bool:
        """Say whether the other lies wholly within it."""
        return self.first_day <= other.first_day and other.last_day <= self.last_day


Terms = Mapping[str, Period]
"""The terms of congress this installation knows, by code."""
NO_TERMS: Final[Terms] = MappingProxyType({})


def parse_period(code: str, terms: Terms = NO_TERMS) -> Period:
    """Return the period a code names. Raises UnknownPeriod."""
    match = _CODE.fullmatch(code)
    if match is None or not FIRST_YEAR <= int(match["year"]) <= LAST_YEAR:
        raise _unknown()
    year = int(match["year"])
    if match["until"]:
        return _term(code, terms)
    if match["day"]:
        return _as_at(year, int(match["month"]), int(match["day"]))
    if match["half"]:
        return _period(PeriodKind.HALF, year, int(match["half"]) - 1)
    if match["quarter"]:
        return _period(PeriodKind.QUARTER, year, int(match["quarter"]) - 1)
    if match["month"]:
        return _period(PeriodKind.MONTH, year, int(match["month"]) - 1)
    return _period(PeriodKind.YEAR, year, 0)


def names_term(code: str) -> bool:
    """Say whether a code has the form of a term, whose days have to be looked up."""
    match = _CODE.fullmatch(code)
    return match is not None and match["until"] is not None


def period_of(day: date, kind: PeriodKind, terms: Terms = NO_TERMS) -> Period:
    """Return the period of a kind in which a day lies. Raises UnknownPeriod when it lies in no known term."""
    if kind is PeriodKind.DATE:
        return _as_at(day.year, day.month, day.day)
    if kind is PeriodKind.TERM:
        return _first(term for term in _in_order(terms) if term.first_day <= day <= term.last_day)
    return _period(kind, day.year, (day.month - 1) // MONTHS[kind])


def following(period: Period, terms: Terms = NO_TERMS) -> Period:
    """Return the next period of the same kind. Raises UnknownPeriod after the last known term."""
    if period.kind is PeriodKind.TERM:
        return _first(term for term in _in_order(terms) if term.first_day > period.last_day)
    return period_of(period.last_day + timedelta(days=1), period.kind)


def preceding(period: Period, terms: Terms = NO_TERMS) -> Period:
    """Return the previous period of the same kind. Raises UnknownPeriod before the first known term."""
    if period.kind is PeriodKind.TERM:
        return _first(term for term in reversed(_in_order(terms)) if term.last_day < period.first_day)
    return period_of(period.first_day - timedelta(days=1), period.kind)


def code_before(period: Period) -> str | None:
    """Return the code of the previous period; None for a term, which is held against no other."""
    return None if period.kind is PeriodKind.TERM else preceding(period).code


def sub_periods(period: Period, kind: PeriodKind, terms: Terms = NO_TERMS) -> list[Period]:
    """Return the periods of a kind that lie wholly within a period, in order."""
    if kind is PeriodKind.TERM:
        return [term for term in _in_order(terms) if period.contains(term)]
    found = []
    step = period_of(period.first_day, kind)
    while step.last_day <= period.last_day:
        if step.first_day >= period.first_day:
            found.append(step)
        step = following(step)
    return found


def _term(code: str, terms: Terms) -> Period:
    found = terms.get(code)
    if found is None:
        raise _unknown()
    return found


def _as_at(year: int, month: int, day: int) -> Period:
    try:
        at = date(year, month, day)
    except ValueError:
        raise _unknown() from None
    return Period(f"{at:%Y%m%d}", PeriodKind.DATE, at, at)


def _in_order(terms: Terms) -> list[Period]:
    return sorted(terms.values(), key=lambda term: term.first_day)


def _first(found: Iterator[Period]) -> Period:
    term = next(found, None)
    if term is None:
        raise _unknown()
    return term


def _unknown() -> UnknownPeriod:
    return UnknownPeriod(errors=[{"field": "period", "code": "unknown_period"}])


@cache
def _period(kind: PeriodKind, year: int, number: int) -> Period:
    months = MONTHS[kind]
    first = date(year, number * months + 1, 1)
    after = number * months + months
    following_first = date(year + after // 12, after % 12 + 1, 1)
    suffix = {
        PeriodKind.YEAR: "",
        PeriodKind.HALF: f"S{number + 1}",
        PeriodKind.QUARTER: f"Q{number + 1}",
        PeriodKind.MONTH: f"{number + 1:02d}",
    }[kind]
    return Period(f"{year:04d}{suffix}", kind, first, following_first - timedelta(days=1))
