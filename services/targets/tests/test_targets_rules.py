"""Validation rules and scores of outliers, as pure comparisons."""

import random
import statistics
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from targets.domain.figures import Figures
from targets.domain.outliers import OutlierRule, median
from targets.domain.outliers import check_value as outliers_of
from targets.domain.validation import Rule, Term, check_all, check_value


def rule(left: Term, operator: str, right: Term | Decimal, importance: str = "error") -> Rule:
    return Rule("R", importance, left, operator, right, ("year",), "vi", "en", date(2025, 1, 1), date(2027, 12, 31))


def looks(**figures: Figures) -> Callable[[str, bool], Figures | None]:
    return lambda indicator, before: figures.get(indicator + ("_before" if before else ""))


A, B = Figures(Decimal(74), Decimal(100)), Figures(Decimal(75), Decimal(100))


@pytest.mark.parametrize(("one", "holds"), [
    (rule(Term("a", "numerator"), "<=", Term("b", "numerator")), True),
    (rule(Term("b", "numerator"), "<=", Term("a", "numerator")), False),
    (rule(Term("a", "rate"), "=", Decimal(74)), True),
    (rule(Term("a", "rate"), "<", Decimal(74)), False),
    (rule(Term("b", "rate"), "<=", Term("a", "rate", Decimal("1.02"), True)), True),  # nothing before: says nothing
    (rule(Term("a", "numerator"), "<=", Term("missing", "numerator")), True),  # missing is not zero
    (rule(Term("c", "denominator"), ">", Decimal(0)), True),
])  # fmt: skip
def test_a_rule_holds_or_not(one: Rule, holds: bool) -> None:
    found = check_value(one, looks(a=A, b=B, c=Figures(Decimal(1))))
    assert (found is None) is holds


def test_a_rule_compares_exactly_and_shows_what_it_compared() -> None:
    third = Figures(Decimal(1), Decimal(3))
    thirds = rule(Term("a", "rate", Decimal(3)), "=", Decimal(100))
    assert check_value(thirds, looks(a=third)) is None  # 33.333… three times is 100, not 99.999999
    found = check_value(rule(Term("a", "rate"), ">", Decimal("33.333334")), looks(a=third))
    assert found is not None
    assert (found.left, found.right) == (Decimal("33.333333"), Decimal("33.333334"))


def test_only_rules_of_the_period_are_asked() -> None:
    one = rule(Term("a", "numerator"), ">", Decimal(100))
    assert check_all([one], "a", "year", date(2025, 12, 31), looks(a=A)) != []
    for kind, day in (("month", date(2025, 12, 31)), ("year", date(2028, 12, 31)), ("year", date(2024, 12, 31))):
        assert check_all([one], "a", kind, day, looks(a=A)) == []
    assert check_all([one], "b", "year", date(2025, 12, 31), looks(a=A)) == []


def test_scores_are_those_of_the_textbook() -> None:
    generator = random.Random(8)
    others = [Decimal(generator.randint(50, 90)) for _ in range(25)]
    for value in (Decimal(30), Decimal(70), Decimal(120)):
        z = (float(value) - statistics.mean(map(float, others))) / statistics.stdev(map(float, others))
        middle = statistics.median(map(float, others))
        mad = statistics.median(abs(float(one) - middle) for one in others)
        modified = 0.6745 * (float(value) - middle) / mad
        rules = [OutlierRule("z", Decimal("0.0001"), 6), OutlierRule("modified_z", Decimal("0.0001"), 6)]
        found = {one.score: float(one.result) for one in outliers_of(value, others, rules)}
        assert found == pytest.approx({"z": z, "modified_z": modified}, abs=2e-6)


def test_one_wild_value_hides_from_z_and_not_from_modified_z() -> None:
    """Iglewicz and Hoaglin: mean and deviation are drawn towards the outliers, median and MAD are not."""
    others = [Decimal(one) for one in (70, 71, 72, 73, 74, 75, 900)]
    rules = [OutlierRule("z", Decimal(3), 6), OutlierRule("modified_z", Decimal("3.5"), 6)]
    assert [one.score for one in outliers_of(Decimal(850), others, rules)] == ["modified_z"]


def test_nothing_is_said_without_others_or_when_they_do_not_differ() -> None:
    rules = [OutlierRule("z", Decimal(3), 6), OutlierRule("modified_z", Decimal("3.5"), 6)]
    assert outliers_of(Decimal(99), [Decimal(1)] * 20, rules) == []
    assert outliers_of(Decimal(99), [Decimal(n) for n in range(5)], rules) == []
    assert outliers_of(Decimal(99), [], [OutlierRule("z", Decimal(3), 0)]) == []
    assert median([Decimal(1), Decimal(4), Decimal(2), Decimal(3)]) == Decimal("2.5")
