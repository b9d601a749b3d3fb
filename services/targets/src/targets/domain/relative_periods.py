"""Periods named from today, as DHIS2 has them: THIS_YEAR, LAST_QUARTER, LAST_4_QUARTERS, MONTHS_THIS_YEAR, THIS_TERM.

"Last" ends with the last whole period before the one today lies in. Only reads take these words: what is written
keeps the code it was resolved to, because tomorrow the word means another period.
"""

import re
from datetime import date
from typing import Final

from targets.domain.period_refusals import NotOnePeriod
from targets.domain.periods import (
    NO_TERMS,
    Period,
    PeriodKind,
    Terms,
    following,
    parse_period,
    period_of,
    preceding,
    sub_periods,
)
from targets.domain.refusals import UnknownPeriod

MOST: Final = 120
"""The longest run of periods one keyword may name: ten years of months."""
_ONE: Final = re.compile(r"(THIS|LAST|NEXT)_(MONTH|QUARTER|HALF|YEAR|TERM)")
_RUN: Final = re.compile(r"LAST_([1-9][0-9]{0,2})_(MONTHS|QUARTERS|HALVES|YEARS)")
_PARTS: Final = re.compile(r"(MONTHS|QUARTERS|HALVES)_(THIS|LAST)_YEAR")
_KINDS: Final = {
    "MONTH": PeriodKind.MONTH,
    "QUARTER": PeriodKind.QUARTER,
    "HALF": PeriodKind.HALF,
    "YEAR": PeriodKind.YEAR,
    "TERM": PeriodKind.TERM,
    "MONTHS": PeriodKind.MONTH,
    "QUARTERS": PeriodKind.QUARTER,
    "HALVES": PeriodKind.HALF,
    "YEARS": PeriodKind.YEAR,
}


def is_relative(text: str) -> bool:
    """Say whether a text has the form of a relative keyword."""
    return any(form.fullmatch(text) for form in (_ONE, _RUN, _PARTS))


def needs_terms(text: str) -> bool:
    """Say whether a keyword asks for a term of congress."""
    return text.endswith("_TERM")


def resolve(text: str, today: date, terms: Terms = NO_TERMS) -> list[Period]:
    """Return the periods a keyword names today, oldest first. Raises UnknownPeriod."""
    if match := _ONE.fullmatch(text):
        return [_one(match[1], period_of(today, _KINDS[match[2]], terms), terms)]
    if match := _RUN.fullmatch(text):
        return _last(int(match[1]), period_of(today, _KINDS[match[2]]))
    if match := _PARTS.fullmatch(text):
        year = _one(match[2], period_of(today, PeriodKind.YEAR), terms)
        return sub_periods(year, _KINDS[match[1]])
    raise _unknown()


def resolve_one(text: str, today: date, terms: Terms = NO_TERMS) -> Period:
    """Return the one period a keyword names today. Raises UnknownPeriod or NotOnePeriod."""
    found = resolve(text, today, terms)
    if len(found) != 1:
        raise NotOnePeriod(keyword=text, number=len(found))
    return found[0]


def period_named(name: str, today: date, terms: Terms = NO_TERMS) -> Period:
    """Return the one period of a code or keyword. Raises UnknownPeriod or NotOnePeriod."""
    return resolve_one(name, today, terms) if is_relative(name) else parse_period(name, terms)


def _one(word: str, current: Period, terms: Terms) -> Period:
    if word == "THIS":
        return current
    return preceding(current, terms) if word == "LAST" else following(current, terms)


def _last(number: int, current: Period) -> list[Period]:
    if number > MOST:
        raise _unknown()
    found: list[Period] = []
    for _ in range(number):
        current = preceding(current)
        found.append(current)
    return found[::-1]


def _unknown() -> UnknownPeriod:
    return UnknownPeriod(errors=[{"field": "period", "code": "unknown_period"}])
