"""Published numbers reveal nobody: the differencing attack, against tables of all sorts and earlier releases."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from differencing import Key, Truth, attack, attack_releases, leaves_summed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from targets.domain.disclosure_table import Table, table_of
from targets.domain.figures import Figures
from targets.domain.suppression import Release, SmallCellRule, hide

RULE = SmallCellRule(10, True, "", "", False)
SEXES = {"sex": ("sex.female", "sex.male")}


def table(truth: Truth) -> Table:
    figures = {}
    for row in truth.parents:
        if (row, "numerator") in truth.counts:
            cells = {column: Decimal(value) for (name, column), value in truth.counts.items() if name == row}
            figures[row] = Figures(cells.pop("numerator"), cells.pop("denominator", None), cells)
    return table_of(figures, truth.parents)


def published(truth: Truth, hidden: frozenset[Key]) -> set[Key]:
    """What stands in the publication: never what only follows."""
    return {cell for cell in table(truth).shown if cell not in hidden}


def release(truth: Truth, hidden: frozenset[Key]) -> Release:
    return Release(table(truth).cells, hidden)


def communes(**leaves: Mapping[str, int]) -> Truth:
    return leaves_summed(leaves, {"city": None, **dict.fromkeys(leaves, "city")}, SEXES)


def unit(female: int, male: int, denominator: int) -> dict[str, int]:
    return {"numerator": female + male, "denominator": denominator, "sex.female": female, "sex.male": male}


ONE_SMALL = communes(a=unit(40, 4, 100), b=unit(60, 30, 200), c=unit(25, 70, 150), d=unit(33, 44, 120))


def test_the_attack_finds_the_small_cell_when_only_it_is_left_out() -> None:
    """Without this, silence of the attack would prove nothing."""
    hidden = hide(table(ONE_SMALL), RULE, secondary=False)
    assert hidden == {("a", "sex.male")}
    assert attack(ONE_SMALL, published(ONE_SMALL, hidden))


def test_the_attack_finds_nothing_once_the_corners_are_left_out_too() -> None:
    hidden = hide(table(ONE_SMALL), RULE)
    assert attack(ONE_SMALL, published(ONE_SMALL, hidden)) == set()
    assert ("city", "numerator") not in hidden
    assert ("city", "denominator") not in hidden
    assert len(hidden) == 4  # no more than the rectangle


def test_those_not_counted_are_persons_too() -> None:
    """100 members and 95 of them in the numerator: the difference of two published cells is 5."""
    truth = communes(a=unit(45, 50, 100), b=unit(60, 30, 200), c=unit(25, 70, 150))
    assert attack(truth, published(truth, hide(table(truth), RULE, secondary=False)))
    hidden = hide(table(truth), RULE)
    assert ("a", "numerator") in hidden or ("a", "denominator") in hidden  # so there is no rate either
    assert attack(truth, published(truth, hidden)) == set()


def test_categories_that_miss_a_few_persons_do_not_give_them_away() -> None:
    truth = communes(
        a={**unit(45, 50, 300), "numerator": 100},  # five whose sex was not stated
        b=unit(60, 30, 200),
        c={**unit(25, 70, 250), "numerator": 115},
    )
    assert attack(truth, published(truth, hide(table(truth), RULE, secondary=False)))
    assert attack(truth, published(truth, hide(table(truth), RULE))) == set()


def test_a_single_small_number_is_not_shown_at_all() -> None:
    truth = Truth({"city": None}, {}, {("city", "numerator"): 4})
    assert published(truth, hide(table(truth), RULE)) == set()


def test_zero_is_shown_unless_the_rule_hides_it() -> None:
    truth = communes(a=unit(0, 50, 100), b=unit(60, 30, 200), c=unit(25, 70, 150))
    assert ("a", "sex.female") in published(truth, hide(table(truth), RULE))
    strict = SmallCellRule(10, False, "", "", False)
    assert ("a", "sex.female") not in published(truth, hide(table(truth), strict))


def test_a_correction_by_a_few_persons_is_not_published() -> None:
    before = communes(a=unit(40, 40, 100), b=unit(60, 30, 200), c=unit(25, 70, 150))
    after = communes(a=unit(43, 40, 100), b=unit(60, 30, 200), c=unit(25, 70, 150))
    first = hide(table(before), RULE)
    assert first == frozenset()
    alone = hide(table(after), RULE)
    assert attack_releases(before, published(before, first), after, published(after, alone))
    hidden = hide(table(after), RULE, [release(before, first)])
    assert attack_releases(before, published(before, first), after, published(after, hidden)) == set()
    assert ("b", "numerator") in published(after, hidden)


def test_what_was_left_out_once_is_not_shown_by_a_later_release() -> None:
    before = ONE_SMALL
    after = communes(a=unit(40, 4, 100), b=unit(60, 30, 200), c=unit(25, 70, 150), d=unit(63, 44, 150))
    first = hide(table(before), RULE)
    hidden = hide(table(after), RULE, [release(before, first)])
    assert first <= hidden
    assert attack_releases(before, published(before, first), after, published(after, hidden)) == set()


def test_nothing_new_leaves_out_nothing_new() -> None:
    first = hide(table(ONE_SMALL), RULE)
    assert hide(table(ONE_SMALL), RULE, [release(ONE_SMALL, first)]) == first


def test_there_is_no_rate_over_few() -> None:
    truth = communes(a=unit(3, 2, 8), b=unit(60, 30, 200), c=unit(25, 70, 150), d=unit(33, 44, 120))
    hidden = hide(table(truth), RULE)
    assert ("a", "denominator") in hidden
    assert attack(truth, published(truth, hidden)) == set()


def test_what_a_reader_knows_already_covers_nothing() -> None:
    """Leaving out b, unchanged and shown before, would not hide that a fell to five."""
    before = communes(a=unit(20, 30, 100), b=unit(60, 30, 200), c=unit(25, 70, 150))
    after = communes(a=unit(5, 0, 100), b=unit(60, 30, 200), c=unit(25, 70, 150))
    alone = hide(table(after), RULE)
    assert attack_releases(before, published(before, frozenset()), after, published(after, alone))
    hidden = hide(table(after), RULE, [release(before, frozenset())])
    assert attack_releases(before, published(before, frozenset()), after, published(after, hidden)) == set()
    assert ("city", "numerator") in hidden  # the only way: what everybody else holds is known


def test_what_is_left_out_together_does_not_change_by_a_few_either() -> None:
    before = communes(a=unit(40, 5, 100), b=unit(60, 30, 200), c=unit(25, 70, 150), d=unit(33, 44, 120))
    after = communes(a=unit(60, 8, 123), b=unit(60, 30, 200), c=unit(45, 90, 190), d=unit(33, 44, 120))
    first = hide(table(before), RULE)
    hidden = hide(table(after), RULE, [release(before, first)])
    assert attack_releases(before, published(before, first), after, published(after, hidden)) == set()


def test_the_tables_of_103_communes_with_many_categories_stay_useful() -> None:
    ages = tuple(f"age.{number}" for number in range(8))
    leaves = {}
    for number in range(103):
        counts = {name: (number * 7 + place * 13) % 97 + 12 for place, name in enumerate(ages)}
        if number % 10 == 0:
            counts["age.7"] = number % 9 + 1
        total = sum(counts.values())
        leaves[f"u{number:03}"] = {**counts, "numerator": total, "denominator": total + 200}
    truth = leaves_summed(leaves, {"city": None, **dict.fromkeys(leaves, "city")}, {"age": ages})
    hidden = hide(table(truth), RULE)
    shown = published(truth, hidden)
    assert not attack(truth, shown)
    assert not any(row == "city" for row, _ in hidden)
    assert len(shown) > 0.95 * len(table(truth).shown)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Two or three levels, up to two dimensions, breakdowns missing or incomplete, a body with figures of its own."""
    sizes = st.one_of(st.integers(0, 14), st.integers(0, 400))
    dimensions = draw(
        st.sampled_from([{}, SEXES, {"": ("x", "y", "z")}, SEXES | {"age": ("age.young", "age.old", "age.other")}])
    )
    parents: dict[str, str | None] = {"city": None}
    for name in "abcdefg"[: draw(st.integers(1, 7))]:
        parents[name] = draw(st.sampled_from(["city", "a"] if name not in "ab" else ["city"]))
    with_denominator = draw(st.booleans())
    leaves = {}
    for name in parents:
        has_below = name in parents.values()
        if has_below and not draw(st.booleans()):
            continue
        counts: dict[str, int] = {}
        numerator = draw(sizes)
        for members in dimensions.values():
            if draw(st.integers(0, 9)) == 0:
                continue
            left = numerator
            for member in members:
                counts[member] = draw(st.integers(0, left))
                left -= counts[member]
            if draw(st.integers(0, 4)) > 0:
                counts[members[-1]] += left
        counts["numerator"] = numerator
        if with_denominator:
            counts["denominator"] = numerator + draw(sizes)
        leaves[name] = counts
    return leaves_summed(leaves, parents, dimensions)


_MANY = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_MANY
@given(truths())
def test_no_table_gives_a_small_count_away(truth: Truth) -> None:
    assert attack(truth, published(truth, hide(table(truth), RULE))) == set()


@st.composite
def revisions(draw: st.DrawFn) -> tuple[Truth, Truth]:
    """A table and the same after some leaves were corrected."""
    before = draw(truths())
    closed_leaves = [row for row in before.parents if row not in before.parents.values()]
    counts = dict(before.counts)
    for row in closed_leaves:
        if (row, "numerator") not in counts or draw(st.booleans()):
            continue
        told = [names for names in before.dimensions.values() if all((row, name) in counts for name in names)]
        touched = {"numerator", "denominator"} | {draw(st.sampled_from(names)) for names in told}
        least = min(counts[row, column] for column in touched if (row, column) in counts)
        change = draw(st.one_of(st.integers(0, 12), st.integers(0, 200), st.integers(-min(least, 200), 0)))
        at: str | None = row
        while at is not None:
            for column in touched:
                if (at, column) in counts:
                    counts[at, column] += change
            at = before.parents[at]
    return before, Truth(before.parents, before.dimensions, counts)


@_MANY
@given(revisions())
def test_no_later_release_gives_a_small_count_away(pair: tuple[Truth, Truth]) -> None:
    before, after = pair
    first = hide(table(before), RULE)
    hidden = hide(table(after), RULE, [release(before, first)])
    assert attack_releases(before, published(before, first), after, published(after, hidden)) == set()


def test_without_the_second_step_random_tables_are_broken() -> None:
    """The negative control of the property: the same attack on the same sort of tables."""
    broken = 0

    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(truths())
    def count(truth: Truth) -> None:
        nonlocal broken
        broken += bool(attack(truth, published(truth, hide(table(truth), RULE, secondary=False))))

    count()
    assert broken > 10


@pytest.mark.parametrize("value,small", [("0", False), ("1", True), ("9", True), ("10", False), ("-3", True)])
def test_small_means_one_to_nine(value: str, small: bool) -> None:
    assert RULE.is_small(Decimal(value)) is small
