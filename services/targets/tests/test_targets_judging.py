"""Figures and judging: exact, strict where the text is strict, and honest about what is missing."""

import itertools
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.domain.figures import FigureRule, Figures, check_figures, rate, rate_is_exact, roll_up
from targets.domain.judging import COMPARATORS, Coverage, Target, judge
from targets.domain.measures import Measure, compare
from targets.domain.refusals import BadFigures

YEAR_END, AFTER, DURING = date(2025, 12, 31), date(2026, 11, 23), date(2025, 6, 1)
ALL = Coverage(103, 103)
RATIO, COUNT = FigureRule("ratio", True), FigureRule("count", True, ("trade_union", "youth_union"))
TGT_01 = Target(">", Decimal(74), date(2021, 12, 27), date(2025, 12, 31), Decimal(90))
TGT_02 = Target(">=", Decimal(2), date(2021, 12, 27), None, Decimal(90))


def ratio(numerator: str, denominator: str) -> Figures:
    return Figures(Decimal(numerator), Decimal(denominator))


def held_against(figures: Figures, comparator: str, value: Decimal) -> tuple[bool, str]:
    found = compare(figures, comparator, value, measure=Measure.SHARE)
    assert found is not None
    return found


def status(figures: Figures, target: Target = TGT_01, coverage: Coverage = ALL, today: date = AFTER) -> str:
    return judge(
        figures,
        target,
        ratio=figures.denominator is not None,
        coverage=coverage,
        last_day=YEAR_END,
        today=today,
    ).status


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        ("7400", "10000", "missed"),  # exactly 74.00 %: "trên 74%" is more than 74
        ("7401", "10000", "achieved"),  # 74.01 %
        ("7399", "10000", "missed"),
        ("74", "100", "missed"),
        ("3108000", "4200000", "missed"),  # 74 % of the city's people
        ("3108001", "4200000", "achieved"),  # one person more: 74.0000238 %
        ("740000000000000000", "1000000000000000000", "missed"),
        ("740000000000000001", "1000000000000000000", "achieved"),  # a float would not tell the two apart
    ],
)
def test_more_than_74_percent(numerator: str, denominator: str, expected: str) -> None:
    assert status(ratio(numerator, denominator)) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [("0", "missed"), ("1", "missed"), ("2", "achieved"), ("3", "achieved")]
)
def test_at_least_two_a_year(number: str, expected: str) -> None:
    assert status(Figures(Decimal(number)), TGT_02) == expected


def test_the_comparison_shown_can_be_checked_by_hand() -> None:
    holds, shown = held_against(ratio("7400", "10000"), ">", Decimal("74.0000000000"))
    assert not holds
    assert shown == "100 × 7400 = 740000 > 74 × 10000 = 740000: sai"


def test_a_rounded_rate_says_so_and_never_decides() -> None:
    nearly = ratio("739999999999", "1000000000000")
    assert rate(nearly) == Decimal("74.000000")
    assert not rate_is_exact(nearly)
    assert status(nearly, Target(">=", Decimal(74), date(2021, 1, 1), None)) == "missed"


def test_what_cannot_be_judged_is_not_judged() -> None:
    none = judge(None, TGT_01, ratio=True, coverage=Coverage(0, 103), last_day=YEAR_END, today=AFTER)
    assert (none.status, none.reason) == ("not_assessed", "nothing_to_judge")
    without_figure = Target(">=", None, date(2021, 12, 27), None)
    open_ = judge(ratio("1", "2"), without_figure, ratio=True, coverage=ALL, last_day=YEAR_END, today=AFTER)
    assert (open_.status, open_.reason) == ("not_assessed", "no_figure_in_text")
    ended = judge(ratio("1", "2"), None, ratio=True, coverage=ALL, last_day=YEAR_END, today=AFTER, ended_before=True)
    assert (ended.status, ended.reason) == ("period_ended", "target_ended")
    mixed = judge(
        ratio("9", "10"), TGT_01, ratio=True, coverage=ALL, last_day=YEAR_END, today=AFTER, counting_methods=2
    )
    assert (mixed.status, mixed.reason) == ("not_assessed", "counting_methods_mixed")


@pytest.mark.parametrize(("counted", "expected"), [(92, "not_assessed"), (93, "achieved"), (103, "achieved")])
def test_a_rate_of_too_few_units_is_not_judged(counted: int, expected: str) -> None:
    assert status(ratio("80", "100"), coverage=Coverage(counted, 103)) == expected  # 90 % of 103 is 92.7


def test_a_count_that_is_reached_stays_reached_whoever_is_missing() -> None:
    assert status(Figures(Decimal(2)), TGT_02, Coverage(1, 103), DURING) == "achieved"
    assert status(Figures(Decimal(1)), TGT_02, Coverage(1, 103)) == "not_assessed"


def test_while_the_period_runs_a_rate_is_only_on_track_or_at_risk() -> None:
    assert status(ratio("80", "100"), today=DURING) == "on_track"
    assert status(ratio("70", "100"), today=DURING) == "at_risk"
    assert status(ratio("70", "100"), today=YEAR_END) == "at_risk"


REFUSED = [
    (RATIO, Figures(Decimal(11), Decimal(10)), {("numerator", "above_denominator")}),
    (RATIO, Figures(Decimal(-1), Decimal(10)), {("numerator", "negative")}),
    (RATIO, Figures(Decimal(1), Decimal(-10)), {("denominator", "negative"), ("numerator", "above_denominator")}),
    (RATIO, Figures(Decimal(0), Decimal(0)), {("denominator", "zero")}),
    (RATIO, Figures(Decimal(1), None), {("denominator", "missing")}),
    (RATIO, Figures(Decimal("1.5"), Decimal(10)), {("numerator", "not_whole")}),
    (COUNT, Figures(Decimal(2), Decimal(10)), {("denominator", "not_used")}),
    (COUNT, Figures(Decimal(2), None, {"trade_union": Decimal(1)}), {("breakdown", "does_not_add_up")}),
    (COUNT, Figures(Decimal(2), None, {"choir": Decimal(2)}), {("breakdown", "unknown_category")}),
    (
        COUNT,
        Figures(Decimal(2), None, {"trade_union": Decimal(3), "youth_union": Decimal(-1)}),
        {("breakdown", "bad_number")},
    ),
]


@pytest.mark.parametrize(("rule", "figures", "expected"), REFUSED)
def test_bad_figures_are_refused_by_field(rule: FigureRule, figures: Figures, expected: set[tuple[str, str]]) -> None:
    with pytest.raises(BadFigures) as refused:
        check_figures(figures, rule)
    assert {(error["field"], error["code"]) for error in refused.value.errors} == expected


@pytest.mark.parametrize(
    ("rule", "figures"),
    [
        (RATIO, ratio("10", "10")),
        (RATIO, ratio("0", "1")),
        (COUNT, Figures(Decimal(0))),
        (COUNT, Figures(Decimal(3), None, {"trade_union": Decimal(1), "youth_union": Decimal(2)})),
    ],
)
def test_good_figures_pass(rule: FigureRule, figures: Figures) -> None:
    check_figures(figures, rule)


whole = st.integers(1, 10**18).flatmap(lambda denominator: st.tuples(st.integers(0, denominator), st.just(denominator)))
parts = st.lists(whole, min_size=1, max_size=20)


@given(parts, st.randoms(use_true_random=False))
def test_a_roll_up_is_exact_whatever_the_order_and_the_grouping(given_parts: list[tuple[int, int]], random) -> None:  # type: ignore[no-untyped-def]
    figures = [Figures(Decimal(n), Decimal(d)) for n, d in given_parts]
    total = roll_up(figures)
    shuffled = figures[:]
    random.shuffle(shuffled)
    cut = random.randint(0, len(figures))
    groups = [group for group in (shuffled[:cut], shuffled[cut:]) if group]
    assert total == roll_up(shuffled) == roll_up([roll_up(group) for group in groups])
    assert total.numerator == sum(n for n, _ in given_parts)
    assert total.denominator == sum(d for _, d in given_parts)
    rates = [Fraction(100 * n, d) for n, d in given_parts]
    exact = Fraction(100 * sum(n for n, _ in given_parts), sum(d for _, d in given_parts))
    assert min(rates) <= exact <= max(rates)
    shown = rate(total)
    assert shown is not None
    assert abs(Fraction(shown) - exact) <= Fraction(1, 2_000_000)


@given(parts, st.sampled_from(sorted(COMPARATORS)), st.decimals(0, 100, places=4))
def test_judging_agrees_with_fractions(given_parts: list[tuple[int, int]], comparator: str, value: Decimal) -> None:
    total = roll_up([Figures(Decimal(n), Decimal(d)) for n, d in given_parts])
    holds, _ = held_against(total, comparator, value)
    exact = Fraction(100 * sum(n for n, _ in given_parts), sum(d for _, d in given_parts))
    assert holds is COMPARATORS[comparator](exact, Fraction(value))  # type: ignore[arg-type]


def test_the_city_rate_is_not_the_mean_of_rates() -> None:
    units = [(95, 100), (95, 100), (95, 100), (7100, 10000)]
    total = roll_up([Figures(Decimal(n), Decimal(d)) for n, d in units])
    mean = sum((Fraction(100 * n, d) for n, d in units), Fraction(0)) / len(units)
    assert mean == 89
    assert rate(total) == Decimal("71.699029")
    assert status(total) == "missed"


def test_breakdowns_add_up_by_category() -> None:
    one, two = {"trade_union": Decimal(1)}, {"trade_union": Decimal(2), "youth_union": Decimal(3)}
    for order in itertools.permutations([Figures(Decimal(1), None, one), Figures(Decimal(5), None, two)]):
        assert roll_up(order).breakdown == {"trade_union": Decimal(3), "youth_union": Decimal(3)}
