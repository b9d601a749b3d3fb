"""Period codes: what they name, what is no code, and how they follow each other."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.domain.period_names import name_of
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.periods import (
    Period,
    PeriodKind,
    following,
    names_term,
    parse_period,
    period_of,
    preceding,
    sub_periods,
)
from targets.domain.refusals import UnknownPeriod
from targets.domain.relative_periods import is_relative, needs_terms, resolve, resolve_one


def term(code: str, first: str, last: str) -> Period:
    return Period(code, PeriodKind.TERM, date.fromisoformat(first), date.fromisoformat(last))


TERMS = {
    one.code: one
    for one in (term("2025T2030", "2026-01-01", "2030-12-31"), term("2020T2025", "2021-01-01", "2025-12-31"))
}
TODAY = date(2026, 11, 27)

CODES = [
    ("2025", PeriodKind.YEAR, "2025-01-01", "2025-12-31"),
    ("2025S1", PeriodKind.HALF, "2025-01-01", "2025-06-30"),
    ("2025S2", PeriodKind.HALF, "2025-07-01", "2025-12-31"),
    ("2025Q1", PeriodKind.QUARTER, "2025-01-01", "2025-03-31"),
    ("2025Q4", PeriodKind.QUARTER, "2025-10-01", "2025-12-31"),
    ("202503", PeriodKind.MONTH, "2025-03-01", "2025-03-31"),
    ("202402", PeriodKind.MONTH, "2024-02-01", "2024-02-29"),
    ("202512", PeriodKind.MONTH, "2025-12-01", "2025-12-31"),
    ("20251231", PeriodKind.DATE, "2025-12-31", "2025-12-31"),
    ("20240229", PeriodKind.DATE, "2024-02-29", "2024-02-29"),
    ("2020T2025", PeriodKind.TERM, "2021-01-01", "2025-12-31"),
]


@pytest.mark.parametrize(("code", "kind", "first", "last"), CODES)
def test_a_code_names_its_days(code: str, kind: PeriodKind, first: str, last: str) -> None:
    period = parse_period(code, TERMS)
    assert (period.code, period.kind) == (code, kind)
    assert (period.first_day.isoformat(), period.last_day.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["", "25", "2025-03", "2025Q5", "2025Q0", "2025S3", "202513", "202500", "2025s1", "2025Q1 ", "２０２５", "2025W12",
     "20250230", "20251301", "20250100", "2025030", "1989", "2101", "2025Q", "2025\n", "-2025", "2025.0", "2025T2020",
     "2020t2025", "2020T25", "2020T2026", "1930T1935", "2025Ｓ1", "2025S1S1", "THIS_YEAR", "202503q"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UnknownPeriod):
        parse_period(text, TERMS)
    assert not is_relative(text) or text == "THIS_YEAR"


CALENDAR = [kind for kind in PeriodKind if kind is not PeriodKind.TERM]


@given(st.dates(date(1990, 1, 2), date(2099, 12, 31)), st.sampled_from(CALENDAR))
def test_every_day_lies_in_one_period_of_each_kind_and_periods_join_without_gap(day: date, kind: PeriodKind) -> None:
    period = period_of(day, kind)
    assert period.first_day <= day <= period.last_day
    assert parse_period(period.code) == period
    assert following(period).first_day - period.last_day == timedelta(days=1)
    assert preceding(following(period)) == period


def test_a_term_is_what_the_data_say() -> None:
    assert names_term("2020T2025")
    assert not names_term("20201231")
    with pytest.raises(UnknownPeriod):
        parse_period("2020T2025")
    assert period_of(TODAY, PeriodKind.TERM, TERMS).code == "2025T2030"
    assert preceding(TERMS["2025T2030"], TERMS).code == "2020T2025"
    assert following(TERMS["2020T2025"], TERMS).code == "2025T2030"
    for nowhere in (lambda: following(TERMS["2025T2030"], TERMS), lambda: period_of(TODAY, PeriodKind.TERM)):
        with pytest.raises(UnknownPeriod):
            nowhere()


def test_what_lies_within() -> None:
    year = parse_period("2025")
    assert [one.code for one in sub_periods(year, PeriodKind.QUARTER)] == ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
    assert [one.code for one in sub_periods(year, PeriodKind.HALF)] == ["2025S1", "2025S2"]
    assert len(sub_periods(year, PeriodKind.DATE)) == 365
    years = sub_periods(TERMS["2020T2025"], PeriodKind.YEAR)
    assert [one.code for one in years] == ["2021", "2022", "2023", "2024", "2025"]
    assert sub_periods(parse_period("2025Q1"), PeriodKind.HALF) == []
    assert sub_periods(term("X", "2021-02-15", "2021-04-15"), PeriodKind.MONTH) == [parse_period("202103")]


@pytest.mark.parametrize(
    ("keyword", "codes"),
    [
        ("THIS_MONTH", ["202611"]),
        ("LAST_MONTH", ["202610"]),
        ("THIS_QUARTER", ["2026Q4"]),
        ("LAST_QUARTER", ["2026Q3"]),
        ("THIS_HALF", ["2026S2"]),
        ("LAST_HALF", ["2026S1"]),
        ("THIS_YEAR", ["2026"]),
        ("LAST_YEAR", ["2025"]),
        ("NEXT_YEAR", ["2027"]),
        ("THIS_TERM", ["2025T2030"]),
        ("LAST_TERM", ["2020T2025"]),
        ("LAST_3_MONTHS", ["202608", "202609", "202610"]),
        ("LAST_4_QUARTERS", ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]),
        ("LAST_2_HALVES", ["2025S2", "2026S1"]),
        ("LAST_5_YEARS", ["2021", "2022", "2023", "2024", "2025"]),
        ("QUARTERS_THIS_YEAR", ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]),
        ("HALVES_LAST_YEAR", ["2025S1", "2025S2"]),
    ],
)
def test_keywords_are_resolved_with_today_given(keyword: str, codes: list[str]) -> None:
    assert is_relative(keyword)
    assert [one.code for one in resolve(keyword, TODAY, TERMS)] == codes


@pytest.mark.parametrize("keyword", ["THIS_WEEK", "LAST_0_YEARS", "LAST_999_MONTHS", "LAST_3_TERMS", "this_year", ""])
def test_other_keywords_are_refused(keyword: str) -> None:
    with pytest.raises(UnknownPeriod):
        resolve(keyword, TODAY, TERMS)


def test_one_period_is_one_period() -> None:
    assert resolve_one("LAST_1_YEARS", TODAY).code == "2025"
    with pytest.raises(NotOnePeriod):
        resolve_one("LAST_4_QUARTERS", TODAY)
    assert needs_terms("THIS_TERM")
    assert not needs_terms("THIS_YEAR")


@pytest.mark.parametrize(
    ("code", "vi", "en"),
    [
        ("202503", "Tháng 3 năm 2025", "March 2025"),
        ("2025Q4", "Quý IV năm 2025", "Quarter 4 of 2025"),
        ("2025S1", "6 tháng đầu năm 2025", "First half of 2025"),
        ("2025S2", "6 tháng cuối năm 2025", "Second half of 2025"),
        ("2025", "Năm 2025", "Year 2025"),
        ("20251231", "Tính đến ngày 31/12/2025", "As at 31 December 2025"),
        ("2020T2025", "Nhiệm kỳ 2020 - 2025", "Term 2020–2025"),
    ],
)
def test_names_in_both_languages(code: str, vi: str, en: str) -> None:
    assert name_of(parse_period(code, TERMS)) == (vi, en)
