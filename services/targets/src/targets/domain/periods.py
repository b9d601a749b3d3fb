"""Reporting periods and their codes: 2025 (year), 2025S1 (half), 2025Q1 (quarter), 202503 (month), as in DHIS2.

Anything else is refused, never guessed: "2025-03", "25", "2025Q5" and full-width digits are no codes.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from targets.domain.refusals import UnknownPeriod

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
_CODE: Final = re.compile(r"(?P<year>[0-9]{4})(?:S(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2]))?")


class PeriodKind(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


MONTHS: Final = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF: 6, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A span of local days, both ends included."""

    code: str
    kind: PeriodKind
    first_day: date
    last_day: date


def parse_period(code: str) -> Period:
    """Return the period a code names. Raises UnknownPeriod."""
    match = _CODE.fullmatch(code)
    if match is None or not FIRST_YEAR <= int(match["year"]) <= LAST_YEAR:
        raise UnknownPeriod(errors=[{"field": "period", "code": "unknown_period"}])
    year = int(match["year"])
    if match["half"]:
        return _period(PeriodKind.HALF, year, int(match["half"]) - 1)
    if match["quarter"]:
        return _period(PeriodKind.QUARTER, year, int(match["quarter"]) - 1)
    if match["month"]:
        return _period(PeriodKind.MONTH, year, int(match["month"]) - 1)
    return _period(PeriodKind.YEAR, year, 0)


def period_of(day: date, kind: PeriodKind) -> Period:
    """Return the period of a kind in which a day lies."""
    return _period(kind, day.year, (day.month - 1) // MONTHS[kind])


def following(period: Period) -> Period:
    """Return the next period of the same kind."""
    return period_of(period.last_day + timedelta(days=1), period.kind)


def preceding(period: Period) -> Period:
    """Return the previous period of the same kind."""
    return period_of(period.first_day - timedelta(days=1), period.kind)


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
