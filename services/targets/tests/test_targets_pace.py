"""Pace and projection against cases computed by hand and against the standard library's regression."""

import statistics
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.domain.explaining import explain, is_sure
from targets.domain.figures import Figures
from targets.domain.judging import Coverage, Judgement, Outlook, Population, Target, judge
from targets.domain.measures import Measure, measure_of, median_grade
from targets.domain.pace import Point, pace, project, shown, student_t

DUE = date(2025, 12, 31)
TGT_01 = Target(">", Decimal(74), date(2021, 12, 27), DUE, Decimal(90))
ALL = Coverage(103, 103)


def on(year: int, value: str) -> Point:
    return Point(date(year, 12, 31), Fraction(value))


def test_the_required_pace_by_hand() -> None:
    found = pace([on(2022, "68"), on(2023, "70")], Fraction(74), DUE, periods_left=2)
    assert found is not None
    assert (found.days_left, found.remaining) == (731, 4)  # 2024 has 366 days
    assert found.required_per_day == Fraction(4, 731)
    assert found.so_far_per_day == Fraction(2, 365)
    assert found.required_per_period == 2
    assert found.value_at_due == 70 + Fraction(2, 365) * 731
    assert not found.first_is_baseline


def test_the_pace_starts_at_the_baseline_where_the_target_names_one() -> None:
    found = pace([on(2022, "68"), on(2023, "70")], Fraction(74), DUE, baseline=on(2021, "62"))
    assert found is not None
    assert found.first_is_baseline
    assert found.so_far_per_day == Fraction(8, 730)


def test_one_value_has_no_pace_and_no_value_nothing_at_all() -> None:
    found = pace([on(2023, "70")], Fraction(74), DUE)
    assert found is not None
    assert (found.so_far_per_day, found.value_at_due) == (None, None)
    assert found.required_per_day == Fraction(4, 731)
    assert pace([], Fraction(74), DUE) is None
    late = pace([on(2026, "70")], Fraction(74), DUE)
    assert late is not None
    assert (late.days_left, late.required_per_day) == (0, None)


def test_the_projection_by_hand() -> None:
    """y = 2, 4, 5 at days 0, 10, 20: b = 15/100, a + b·10 = 11/3; at day 30 y = 20/3, SSE = 1/6, t(1) = 12.706.

    s² = 1/6; variance = 1/6 · (1 + 1/3 + 400/200) = 5/9; half width = 12.706 · √(5/9) = 9.470493…
    """
    begin = date(2025, 1, 1)
    series = [Point(begin + timedelta(days=10 * n), Fraction(y)) for n, y in enumerate((2, 4, 5))]
    line = project(series, begin + timedelta(days=30))
    assert line is not None
    assert (line.value, line.per_day, line.points) == (Fraction(20, 3), Fraction(3, 20), 3)
    assert line.t == Decimal("12.706")
    assert (line.low, line.high) == (Decimal("-2.803827"), Decimal("16.137160"))


def test_two_points_are_no_trend_and_points_on_one_day_neither() -> None:
    assert project([on(2022, "68"), on(2023, "70")], DUE) is None
    assert project([on(2022, "68")] * 3, DUE) is None


def test_points_on_a_line_leave_no_doubt() -> None:
    line = project([on(2021, "60"), on(2022, "63"), on(2023, "66")], date(2024, 12, 30))
    assert line is not None
    assert line.value == 69
    assert line.low == line.high == 69


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 10**6)), min_size=3, max_size=30, unique_by=lambda p: p[0]),
    st.integers(0, 5000),
)
def test_the_line_agrees_with_the_standard_library(drawn: list[tuple[int, int]], ahead: int) -> None:
    begin = date(2020, 1, 1)
    line = project([Point(begin + timedelta(days=x), Fraction(y)) for x, y in drawn], begin + timedelta(days=ahead))
    assert line is not None
    slope, intercept = statistics.linear_regression([x for x, _ in drawn], [y for _, y in drawn])
    assert float(line.per_day) == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert float(line.value) == pytest.approx(intercept + slope * ahead, rel=1e-6, abs=1e-3)
    assert line.low <= shown(line.value) <= line.high


def test_student_t_takes_the_wider_value_between_two_entries() -> None:
    assert student_t(1) == Decimal("12.706")
    assert student_t(30) == Decimal("2.042")
    assert student_t(39) == Decimal("2.042")
    assert student_t(1000) == Decimal("1.984")


def judged(series: list[Point], *, today: date, period_end: date, target: Target = TGT_01) -> Judgement:
    last = series[-1].value
    return judge(
        Figures(Decimal(last.numerator), Decimal(100 * last.denominator)),
        target,
        measure=Measure.SHARE,
        coverage=ALL,
        last_day=period_end,
        today=today,
        outlook=Outlook(DUE, tuple(series), level=True),
    )


def test_the_trend_decides_where_there_is_one() -> None:
    flat = judged([on(2021, "66"), on(2022, "68"), on(2023, "69")], today=date(2024, 5, 1), period_end=on(2023, "0").on)
    assert (flat.status, flat.decided_by, flat.reason) == ("at_risk", "projection", "projection_falls_short")
    steeper = judged(
        [on(2021, "66"), on(2022, "68"), on(2023, "71")], today=date(2024, 5, 1), period_end=date(2023, 12, 31)
    )
    assert (steeper.status, steeper.decided_by) == ("on_track", "projection")
    assert steeper.projection is not None
    assert not is_sure(steeper.projection, TGT_01)
    words = explain(steeper, TGT_01, Measure.SHARE)
    assert words[-1] == ("Kết luận theo đường xu hướng.", "Decided by the trend.")
    assert any("chưa chắc" in vi and "not sure" in en for vi, en in words)


def test_the_pace_decides_between_two_values_and_a_strict_target_is_not_reached_by_landing_on_it() -> None:
    target = Target(">", Decimal(74), date(2021, 12, 27), DUE)
    series = [on(2021, "66"), Point(date(2023, 12, 31), Fraction(70))]  # 730 days for 4, 731 days left for 4
    enough = judged(series, today=date(2024, 2, 1), period_end=date(2023, 12, 31), target=target)
    assert (enough.status, enough.decided_by) == ("on_track", "required_pace")
    exactly = [Point(DUE - timedelta(days=200), Fraction(70)), Point(DUE - timedelta(days=100), Fraction(72))]
    lands = judged(exactly, today=DUE - timedelta(days=50), period_end=exactly[-1].on, target=target)
    assert lands.pace is not None
    assert lands.pace.value_at_due == 74
    assert (lands.status, lands.reason) == ("at_risk", "pace_too_slow")
    at_least = Target(">=", Decimal(74), date(2021, 12, 27), DUE)
    assert judged(exactly, today=DUE, period_end=exactly[-1].on, target=at_least).status == "on_track"


def test_one_value_is_compared_and_the_answer_says_so() -> None:
    high = judged([on(2023, "75")], today=date(2024, 2, 1), period_end=date(2023, 12, 31))
    assert (high.status, high.reason, high.decided_by) == ("on_track", "holds_before_due", "comparison")
    low = judged([on(2023, "73")], today=date(2024, 2, 1), period_end=date(2023, 12, 31))
    assert (low.status, low.reason) == ("at_risk", "does_not_hold_before_due")


def test_when_the_targets_date_is_over_only_the_comparison_counts() -> None:
    series = [on(2023, "60"), on(2024, "70"), on(2025, "74")]
    assert judged(series, today=DUE, period_end=DUE).status == "at_risk"
    after = judged(series, today=date(2026, 1, 1), period_end=DUE)
    assert (after.status, after.decided_by) == ("missed", "comparison")


def counted(number: int, day: date, comparator: str = ">=", value: str = "12") -> Judgement:
    """Judge a count that starts from zero on 1 January 2025."""
    return judge(
        Figures(Decimal(number)),
        Target(comparator, Decimal(value), date(2021, 12, 27), None),
        measure=Measure.NUMBER,
        coverage=ALL,
        last_day=DUE,
        today=day,
        outlook=Outlook(
            DUE,
            (Point(day, Fraction(number)),),
            level=False,
            baseline=Point(date(2024, 12, 31), Fraction(0)),
            periods_left=3,
        ),
    )


def test_a_count_of_the_year_is_on_track_while_its_pace_lasts() -> None:
    day = date(2024, 12, 31) + timedelta(days=73)  # a fifth of the year
    found = counted(3, day)
    assert (found.status, found.decided_by) == ("on_track", "required_pace")
    assert found.pace is not None
    assert (found.pace.value_at_due, found.pace.remaining, found.pace.required_per_period) == (15, 9, 3)
    assert counted(2, day).status == "at_risk"
    assert counted(12, day).status == "achieved"
    assert counted(2, day, "<=", "10").status == "on_track"
    assert counted(3, day, "<=", "10").status == "at_risk"


def test_a_level_that_is_reached_can_fall_again_until_its_date() -> None:
    number = judge(
        Figures(Decimal(5)),
        Target(">=", Decimal(5), date(2021, 12, 27), DUE),
        measure=Measure.NUMBER,
        coverage=ALL,
        last_day=DUE,
        today=date(2025, 6, 1),
        outlook=Outlook(DUE, (Point(date(2025, 6, 1), Fraction(5)),), level=True),
    )
    assert number.status == "on_track"


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        (None, ("not_assessed", "population_unknown")),
        (Population(Decimal(90), None), ("not_assessed", "population_unknown")),
        (Population(Decimal(799), Decimal(1000)), ("not_assessed", "population_coverage_too_low")),
        (Population(Decimal(800), Decimal(1000)), ("achieved", "comparison_holds")),
    ],
)
def test_a_target_may_ask_for_a_share_of_the_population(
    population: Population | None, expected: tuple[str, str]
) -> None:
    target = Target(">", Decimal(74), date(2021, 12, 27), DUE, Decimal(90), minimum_population=Decimal(80))
    found = judge(
        Figures(Decimal(80), Decimal(100)), target, ratio=True, coverage=ALL, last_day=DUE, today=date(2026, 2, 1),
        population=population,
    )  # fmt: skip
    assert (found.status, found.reason) == expected


def grades(*numbers: int) -> Figures:
    total = sum(grade * number for grade, number in enumerate(numbers, start=1))
    spread = {f"grade.{grade}": Decimal(number) for grade, number in enumerate(numbers, start=1)}
    return Figures(Decimal(total), Decimal(sum(numbers)), spread)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (grades(1, 1, 1, 0), 2),
        (grades(2, 0, 2, 0), 1),  # an even number: the lower of the two middle grades
        (grades(1, 0, 0, 2), 4),
        (grades(0, 0, 0, 5), 4),
        (Figures(Decimal(3)), 3),  # one unit's own grade
        (Figures(Decimal(5)), None),
        (Figures(Decimal(7), Decimal(3)), None),  # graded, but nobody says how
    ],
)
def test_the_middle_grade(figures: Figures, expected: int | None) -> None:
    assert median_grade(figures) == expected


def rated(figures: Figures, method: str | None = None, value: str = "3") -> Judgement:
    target = Target(">=", Decimal(value), date(2021, 12, 27), None)
    measure = measure_of("rating", method)
    return judge(figures, target, measure=measure, coverage=ALL, last_day=DUE, today=date(2026, 2, 1))


def test_grades_are_judged_by_the_middle_one_unless_the_target_says_the_mean() -> None:
    skewed = grades(49, 0, 3, 51)  # median 3, mean 2.54…
    assert rated(skewed).status == "achieved"
    assert rated(skewed).comparison == "trung vị (1: 49, 2: 0, 3: 3, 4: 51) = 3 >= 3: đúng"
    assert rated(skewed, "mean_grade").status == "missed"
    assert rated(skewed, "mean_grade").comparison == "262 >= 3 × 103 = 309: sai"
    assert rated(Figures(Decimal(7), Decimal(3))).reason == "no_distribution"


@pytest.mark.parametrize(("yes", "of", "expected"), [(1, None, "achieved"), (0, None, "missed"), (102, 103, "missed"),
                                                     (103, 103, "achieved")])  # fmt: skip
def test_yes_and_no_are_judged_as_the_share_of_units_that_say_yes(yes: int, of: int | None, expected: str) -> None:
    target = Target(">=", Decimal(100), date(2021, 12, 27), None)
    found = judge(
        Figures(Decimal(yes), None if of is None else Decimal(of)), target, measure=measure_of("yes_no"), coverage=ALL,
        last_day=DUE, today=date(2026, 2, 1),
    )  # fmt: skip
    assert found.status == expected
