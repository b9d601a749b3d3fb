"""Period codes: what they name, what is no code, and how they follow each other."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.domain.periods import PeriodKind, following, parse_period, period_of, preceding
from targets.domain.refusals import UnknownPeriod

CODES = [
    ("2025", PeriodKind.YEAR, "2025-01-01", "2025-12-31"),
    ("2025S1", PeriodKind.HALF, "2025-01-01", "2025-06-30"),
    ("2025S2", PeriodKind.HALF, "2025-07-01", "2025-12-31"),
    ("2025Q1", PeriodKind.QUARTER, "2025-01-01", "2025-03-31"),
    ("2025Q4", PeriodKind.QUARTER, "2025-10-01", "2025-12-31"),
    ("202503", PeriodKind.MONTH, "2025-03-01", "2025-03-31"),
    ("202402", PeriodKind.MONTH, "2024-02-01", "2024-02-29"),
    ("202512", PeriodKind.MONTH, "2025-12-01", "2025-12-31"),
]


@pytest.mark.parametrize(("code", "kind", "first", "last"), CODES)
def test_a_code_names_its_days(code: str, kind: PeriodKind, first: str, last: str) -> None:
    period = parse_period(code)
    assert (period.code, period.kind) == (code, kind)
    assert (period.first_day.isoformat(), period.last_day.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["", "25", "2025-03", "2025Q5", "2025Q0", "2025S3", "202513", "202500", "2025s1", "2025Q1 ", "２０２５", "2025W12",
     "20250301", "1989", "2101", "2025Q", "2025\n", "-2025", "2025.0"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UnknownPeriod):
        parse_period(text)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)), st.sampled_from(PeriodKind))
def test_every_day_lies_in_one_period_of_each_kind_and_periods_join_without_gap(day: date, kind: PeriodKind) -> None:
    period = period_of(day, kind)
    assert period.first_day <= day <= period.last_day
    assert parse_period(period.code) == period
    assert following(period).first_day - period.last_day == timedelta(days=1)
    assert preceding(following(period)) == period
