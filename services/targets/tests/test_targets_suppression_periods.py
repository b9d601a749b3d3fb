"""Figures gathered from shorter periods reveal nobody, beside those periods, without them, or published later."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from differencing import Key, Truth, attack, attack_periods, attack_releases, leaves_summed
from edition_of_all import content
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from targets.domain.figures import Figures, roll_up
from targets.domain.periods import parse_period
from targets.domain.public_view import Published, public_view
from targets.domain.snapshot import WHOLE, Content, Figure, Place, figure_key

SEXES = {"sex": ("sex.female", "sex.male")}
Counts = Mapping[str, tuple[int, int, int]]
"""Women, men and all by unit."""
QUARTERS = ("2025Q1", "2025Q2", "2025Q3")
UNITS = ("a", "b", "c", "d")


def truth(units: Counts) -> Truth:
    leaves = {
        name: {"sex.female": women, "sex.male": men, "numerator": women + men, "denominator": base}
        for name, (women, men, base) in units.items()
    }
    return leaves_summed(leaves, {WHOLE: None, **dict.fromkeys(leaves, WHOLE)}, SEXES)


def figures_of(one: Truth) -> dict[str, Figures]:
    found = {}
    for row in one.parents:
        cells = {column: Decimal(value) for (name, column), value in one.counts.items() if name == row}
        if cells:
            found[row] = Figures(cells.pop("numerator"), cells.pop("denominator"), cells)
    return found


Rows = Mapping[str, tuple[Figures, tuple[str, ...]]]


def own(quarter: str, one: Truth) -> Rows:
    return {row: (figures, (quarter,)) for row, figures in figures_of(one).items()}


def added(quarters: Mapping[str, Truth]) -> Rows:
    found = {code: figures_of(one) for code, one in quarters.items()}
    rows = {row for figures in found.values() for row in figures}
    made = {row: tuple(code for code in sorted(found) if row in found[code]) for row in rows}
    return {row: (roll_up(found[code][row] for code in made[row]), made[row]) for row in sorted(rows)}


def last(quarters: Mapping[str, Truth]) -> Rows:
    found = {code: figures_of(one) for code, one in quarters.items()}
    rows = {row for figures in found.values() for row in figures}
    newest = {row: max(code for code in found if row in found[code]) for row in rows}
    return {row: (found[newest[row]][row], (newest[row],)) for row in sorted(rows)}


def frozen(how: str, blocks: Mapping[str, Rows], *, marked: bool = True) -> Content:
    """Return a snapshot of these periods; `marked=False` does not say which are made of which."""
    base = content()
    [indicator], [part], like = base.indicators, base.parts, base.figures["TGT-01_2025_city"]
    figures: dict[str, Figure] = {}
    for period, rows in blocks.items():
        for row, (found, periods) in rows.items():
            key = figure_key(indicator.code, period, row)
            figures[key] = replace(
                like,
                key=key,
                period=period,
                organisation=row,
                numerator=found.numerator,
                denominator=found.denominator,
                breakdown=found.breakdown,
                periods=periods if marked else (),
            )
    spans = [parse_period(period) for period in blocks]
    return replace(
        base,
        format=2,
        periods=tuple(blocks),
        indicators=(replace(indicator, time_aggregation=how if marked else "sum"),),
        parts=tuple(replace(part, period=s.code, first_day=s.first_day, last_day=s.last_day) for s in spans),
        places={name: Place(name, "commune", None, None) for name in UNITS},
        figures=figures,
    )


def shown(view: Content, period: str, rows: Iterable[str] | None = None) -> set[Key]:
    found = set()
    for one in view.figures.values():
        if one.period == period and (rows is None or one.organisation in rows):
            cells = {"numerator": one.numerator, "denominator": one.denominator, **one.breakdown}
            found |= {(one.organisation, name) for name, value in cells.items() if value is not None}
    return found


FIRST = truth({"a": (40, 44, 100), "b": (60, 30, 200), "c": (25, 70, 150), "d": (33, 44, 120)})
# In the second quarter four men of a; nobody publishes that quarter.
SECOND = truth({"a": (40, 4, 100), "b": (60, 30, 200), "c": (25, 70, 150), "d": (33, 44, 120)})


def test_a_year_less_its_published_quarter_is_the_other_quarter() -> None:
    quarters = {"2025Q1": FIRST, "2025Q2": SECOND}
    year = added(quarters)
    truths = {**quarters, "2025": truth_of(year)}
    made_of = {"2025": {row: periods for row, (_, periods) in year.items()}}
    view, hidden = public_view(frozen("sum", {"2025Q1": own("2025Q1", FIRST), "2025": year}))
    both = {period: shown(view, period) for period in ("2025Q1", "2025")}
    assert attack_periods(truths, made_of, both) == set()
    assert ("a", "sex.male") in hidden["TGT-01_2025"]
    assert (WHOLE, "numerator") in both["2025"]  # and what can be shown is
    everything = {period: set(truths[period].counts) for period in both}
    assert attack_periods(truths, made_of, everything)  # without this, silence would prove nothing


def truth_of(rows: Rows) -> Truth:
    parents = {WHOLE: None, **dict.fromkeys((row for row in rows if row != WHOLE), WHOLE)}
    counts: dict[Key, int] = {}
    for row, (found, _) in rows.items():
        counts |= {(row, name): int(value) for name, value in found.breakdown.items()}
        counts |= {(row, "numerator"): int(found.numerator), (row, "denominator"): int(found.denominator or 0)}
    return Truth(parents, SEXES, counts)


def test_a_level_s_year_is_its_last_quarter_and_protected_as_that() -> None:
    """d reported last in the first quarter, so the year's rows do not add up, but those of the second do."""
    second = truth({"a": (40, 4, 100), "b": (60, 30, 200), "c": (25, 70, 150)})
    year = last({"2025Q1": FIRST, "2025Q2": second})
    assert year["d"][1] == ("2025Q1",)
    view, _ = public_view(frozen("last", {"2025": year}))
    rows = {WHOLE, "a", "b", "c"}
    assert attack(second, shown(view, "2025", rows)) == set()
    unmarked, _ = public_view(frozen("last", {"2025": year}, marked=False))
    assert attack(second, shown(unmarked, "2025", rows))


def test_a_level_s_quarter_published_after_the_year_leaves_out_the_same() -> None:
    quarters = {"2025Q1": FIRST, "2025Q2": SECOND}
    third = truth({"a": (50, 64, 130), "b": (80, 50, 260), "c": (45, 90, 200), "d": (53, 64, 160)})
    first = frozen("last", {"2025": last(quarters)})
    second = frozen("last", {"2025": last(quarters | {"2025Q3": third})})
    later = frozen("last", {"2025Q2": own("2025Q2", SECOND)})
    told = [Published(first, public_view(first)[1])]
    told.append(Published(second, public_view(second, told)[1]))
    view, hidden = public_view(later, told)
    assert hidden["TGT-01_2025Q2"] == told[0].hidden["TGT-01_2025Q2"]
    before, after = shown(public_view(first)[0], "2025"), shown(view, "2025Q2")
    assert attack_releases(SECOND, before, SECOND, after) == set()


def test_a_quarter_published_after_the_year_gives_away_no_other() -> None:
    quarters = {"2025Q1": FIRST, "2025Q2": SECOND}
    year = added(quarters)
    first = frozen("sum", {"2025": year})
    before, hidden = public_view(first)
    view, _ = public_view(frozen("sum", {"2025Q1": own("2025Q1", FIRST)}), [Published(first, hidden)])
    made_of = {"2025": {row: periods for row, (_, periods) in year.items()}}
    both = {"2025": shown(before, "2025"), "2025Q1": shown(view, "2025Q1")}
    assert attack_periods({**quarters, "2025": truth_of(year)}, made_of, both) == set()
    alone = public_view(frozen("sum", {"2025Q1": own("2025Q1", FIRST)}))[0]
    both["2025Q1"] = shown(alone, "2025Q1")
    assert attack_periods({**quarters, "2025": truth_of(year)}, made_of, both)


def test_a_quarter_published_after_the_year_takes_no_cover_from_it() -> None:
    """The year hides eight of a behind c, which has nothing in the second quarter; beside the first it hid nothing."""
    quarters = {
        "2025Q1": truth({"b": (78, 60, 198), "c": (80, 38, 155)}),
        "2025Q2": truth({"a": (42, 63, 113), "b": (54, 28, 162)}),
    }
    year = added(quarters)
    truths = {**quarters, "2025": truth_of(year)}
    made_of = {"2025": {row: periods for row, (_, periods) in year.items()}}
    first = frozen("sum", {"2025": year})
    before, hidden = public_view(first)
    later = frozen("sum", {"2025Q1": own("2025Q1", quarters["2025Q1"])})
    view, _ = public_view(later, [Published(first, hidden)])
    both = {"2025": shown(before, "2025"), "2025Q1": shown(view, "2025Q1")}
    assert attack_periods(truths, made_of, both) == set()
    both["2025Q1"] = shown(public_view(later)[0], "2025Q1") - hidden["TGT-01_2025"]
    assert attack_periods(truths, made_of, both)


def test_what_a_year_grew_by_since_it_was_published_is_protected() -> None:
    first = truth({"a": (0, 1, 9), "b": (46, 50, 96), "c": (1, 1, 6)})
    second = truth({"a": (58, 0, 61), "d": (3, 13, 85)})
    before, after = added({"2025Q1": first}), added({"2025Q1": first, "2025Q2": second})
    early, late = frozen("sum", {"2025": before}), frozen("sum", {"2025": after})
    view, hidden = public_view(early)
    truths = {"2025Q1": first, "2025Q2": second, "2025 early": truth_of(before), "2025": truth_of(after)}
    made_of = {
        name: {row: periods for row, (_, periods) in year.items()}
        for name, year in (("2025 early", before), ("2025", after))
    }
    both = {"2025 early": shown(view, "2025")}
    both["2025"] = shown(public_view(late, [Published(early, hidden)])[0], "2025")
    assert attack_periods(truths, made_of, both) == set()
    both["2025"] = shown(public_view(late)[0], "2025")
    assert attack_periods(truths, made_of, both)


@pytest.mark.parametrize("kind,kept", [("rating", False), ("count", True)])
def test_a_comparison_that_names_grades_goes_with_one_left_out(kind: str, kept: bool) -> None:
    whole = frozen("sum", {"2025Q2": own("2025Q2", SECOND)})
    graded = replace(whole, indicators=(replace(whole.indicators[0], kind=kind),))
    figure = public_view(graded)[0].figures["TGT-01_2025Q2_a"]
    assert figure.withheld == ("sex.female", "sex.male")
    assert (figure.verdict is not None) is kept


@st.composite
def years(draw: st.DrawFn) -> tuple[dict[str, Truth], list[str]]:
    """Two or three quarters of up to four units, some of them silent, and which of the quarters are published."""
    sizes = st.one_of(st.integers(0, 14), st.integers(0, 300))
    quarters = {}
    for quarter in QUARTERS[: draw(st.integers(2, 3))]:
        units = {}
        for name in UNITS[: draw(st.integers(2, 4))]:
            if draw(st.integers(0, 4)) == 0:
                continue
            women, men = draw(sizes), draw(sizes)
            units[name] = (women, men, women + men + draw(sizes))
        if units:
            quarters[quarter] = truth(units)
    return quarters, [one for one in quarters if draw(st.booleans())]


_MANY = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_MANY
@given(years())
def test_no_year_gives_a_small_count_of_its_quarters_away(drawn: tuple[dict[str, Truth], list[str]]) -> None:
    quarters, published = drawn
    if not quarters:
        return
    year = added(quarters)
    blocks = {**{one: own(one, quarters[one]) for one in published}, "2025": year}
    view, _ = public_view(frozen("sum", blocks))
    told = {period: shown(view, period) for period in blocks}
    made_of = {"2025": {row: periods for row, (_, periods) in year.items()}}
    assert attack_periods({**quarters, "2025": truth_of(year)}, made_of, told) == set()


@st.composite
def reviews(draw: st.DrawFn) -> tuple[dict[str, Truth], list[tuple[int, list[str]]]]:
    """Quarters, and two or three reviews: how many quarters were in by then, and which periods each publishes."""
    quarters, _ = draw(years())
    made = []
    for _ in range(draw(st.integers(2, 3))):
        known = draw(st.integers(made[-1][0] if made else 1, max(len(quarters), 1)))
        told = [one for one in (*list(quarters)[:known], "2025") if draw(st.booleans())]
        made.append((known, told))
    return quarters, made


@_MANY
@given(reviews())
def test_no_review_gives_away_what_earlier_ones_kept(
    drawn: tuple[dict[str, Truth], list[tuple[int, list[str]]]],
) -> None:
    """Years before their quarters, quarters before their year, and years that grew in between."""
    quarters, made = drawn
    truths, made_of, told, earlier = dict(quarters), {}, dict[str, set[Key]](), list[Published]()
    for known, periods in made:
        so_far = dict(list(quarters.items())[:known])
        if not so_far or not periods:
            continue
        year = added(so_far)
        blocks = {one: year if one == "2025" else own(one, quarters[one]) for one in periods}
        one = frozen("sum", blocks)
        view, hidden = public_view(one, earlier)
        earlier.append(Published(one, hidden))
        for period in periods:
            name = f"2025 of {known}" if period == "2025" else period
            told[name] = told.get(name, set()) | shown(view, period)
            if period == "2025":
                truths[name], made_of[name] = truth_of(year), {row: which for row, (_, which) in year.items()}
    assert attack_periods(truths, made_of, told) == set()


@_MANY
@given(years())
def test_no_year_of_a_level_gives_a_small_count_away(drawn: tuple[dict[str, Truth], list[str]]) -> None:
    quarters, published = drawn
    if not quarters:
        return
    year = last(quarters)
    blocks = {**{one: own(one, quarters[one]) for one in published}, "2025": year}
    view, _ = public_view(frozen("last", blocks))
    for quarter, one in quarters.items():
        rows = {row for row, (_, periods) in year.items() if periods == (quarter,)}
        told = shown(view, "2025", rows) | (shown(view, quarter) if quarter in published else set())
        assert attack(one, told) == set()
