"""Formulas: read with a position for every mistake, computed as fractions would, ordered without cycles."""

import itertools
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targets.domain.figures import Figures
from targets.domain.formula_refusals import FormulaCycle, FormulaDividesByZero, FormulaSyntax, FormulaTooLarge
from targets.domain.formula_text import MAX_DEPTH, Term, parse, terms
from targets.domain.formulas import NoValue, Stored, dependants, evaluate, in_order, part_of, read_formula, stored
from targets.domain.judging import Coverage
from targets.domain.periods import PeriodKind, parse_period
from targets.domain.time_aggregation import Held, gather, parts_of

KNOWN = {
    "TASK-2.2": Figures(Decimal(30), Decimal(40)),
    "TASK-4.1a": Figures(Decimal(7)),
    "OVS-01": Figures(Decimal("0.5"), Decimal(0)),
}


def value(text: str, known: dict[str, Figures] = KNOWN) -> Fraction | NoValue:
    return evaluate(parse(text), lambda term: part_of(term, known.get(term.code)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("8 - 4 - 2", 2),
        ("8 / 4 / 2", 1),
        ("-2 * -3", 6),
        ("- (1 - 3)", 2),
        ("TASK-2.2.numerator + TASK-4.1a", 37),
        ("TASK-2.2", 75),
        ("TASK-2.2.numerator/TASK-2.2.denominator", Fraction(3, 4)),
        ("1 / 3 * 3", 1),
        ("0.1 + 0.2", Fraction(3, 10)),
        (" 12.5\n", Fraction(25, 2)),
    ],
)
def test_a_formula_comes_to(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1), ("   ", 4), ("1 +", 4), ("1 2", 3), ("(1", 3), ("1)", 2), ("*1", 1), ("1 ** 2", 4), ("a() ", 2),
        ("a.b.", 4), ("1..2", 1), ("1.2.3", 1), ("__import__('os')", 1), ("1 > 2", 3), ("2TGT", 1), ("TGT-01 -", 9),
        ("0x10", 1), ("1e5", 1), ("٣ + 1", 1), ("A\u00a0+ 1", 2), ("9999999999999999999", 1), ("1 + \x00", 5),
        ("a = 1", 3), ("1 ÷ 2", 3), ("1,5", 2),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_where_it_stops_being_one(text: str, position: int) -> None:
    with pytest.raises(FormulaSyntax) as refused:
        parse(text)
    assert refused.value.facts == {"position": position}


@pytest.mark.parametrize("text", ["1/0", "TGT-01 / (2 - 2)", "1 / (3 * (1 - 1))", "1 / -0", "5 / 0.000"])
def test_a_divisor_that_is_always_zero_is_refused(text: str) -> None:
    with pytest.raises(FormulaDividesByZero):
        parse(text)


def test_a_divisor_that_happens_to_be_zero_gives_no_value_and_says_where() -> None:
    assert value("1 / (TASK-4.1a - 7)") == NoValue("division_by_zero", position=3)
    assert value("OVS-01") == NoValue("division_by_zero", "OVS-01", 1)
    assert value("1 + GOAL-09") == NoValue("missing_input", "GOAL-09", 5)
    assert value("TASK-4.1a.denominator") == NoValue("no_denominator", "TASK-4.1a", 1)


@pytest.mark.parametrize(
    "text", ["1" + "+1" * 1000, "(" * 41 + "1" + ")" * 41, "-" * 42 + "1", " " * 2001, "+".join(["1"] * 201)]
)
def test_what_nobody_could_check_is_too_large(text: str) -> None:
    with pytest.raises(FormulaTooLarge):
        parse(text)


def test_the_largest_allowed_still_comes_to_something() -> None:
    assert value("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH) == 1
    assert value("+".join(["1"] * 200)) == 200


numbers = st.decimals(0, 10**6, places=3).map(lambda number: (f"{number:f}", Fraction(number)))
named = st.sampled_from(["TASK-2.2.numerator", "TASK-2.2.denominator", "TASK-2.2", "TASK-4.1a"]).map(
    lambda name: (
        name,
        {"TASK-2.2.numerator": 30, "TASK-2.2.denominator": 40, "TASK-2.2": 75, "TASK-4.1a": 7}[name] * Fraction(1),
    )
)


def _joined(parts: Any) -> Any:
    def build(given: Any) -> tuple[str, Fraction | None]:
        (left, one), sign, (right, two) = given
        text = f"({left} {sign} {right})"
        if one is None or two is None or (sign == "/" and two == 0):
            return text, None
        return text, {"+": one + two, "-": one - two, "*": one * two, "/": two and one / two}[sign]

    return st.one_of(
        st.tuples(parts, st.sampled_from("+-*/"), parts).map(build),
        parts.map(lambda part: (f"(-{part[0]})", None if part[1] is None else -part[1])),
    )


@settings(max_examples=300)
@given(st.recursive(st.one_of(numbers, named), _joined, max_leaves=15))
def test_evaluation_agrees_with_fractions(drawn: tuple[str, Fraction | None]) -> None:
    text, expected = drawn
    try:
        found = value(text)
    except FormulaDividesByZero:
        assert expected is None
        return
    if expected is None:
        assert isinstance(found, NoValue)
        assert found.reason == "division_by_zero"
    else:
        assert found == expected


graphs = st.dictionaries(
    st.sampled_from("ABCDEFGH"), st.frozensets(st.sampled_from("ABCDEFGHXYZ"), max_size=4), max_size=8
)


def _reaches_itself(graph: dict[str, frozenset[str]]) -> bool:
    def reachable(start: str) -> set[str]:
        found: set[str] = set()
        waiting = list(graph[start])
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(graph.get(code, ()))
        return found

    return any(code in reachable(code) for code in graph)


@settings(max_examples=300)
@given(graphs)
def test_cycles_are_found_and_named_and_everything_else_is_ordered(graph: dict[str, frozenset[str]]) -> None:
    if _reaches_itself(graph):
        with pytest.raises(FormulaCycle) as refused:
            in_order(graph)
        ring = str(refused.value.facts["cycle"]).split(" → ")
        assert ring[0] == ring[-1] == min(ring)
        assert all(after in graph[before] for before, after in itertools.pairwise(ring))
        return
    ordered = in_order(graph)
    place = {code: number for number, code in enumerate(ordered)}
    assert set(ordered) == set(graph)
    assert all(place[source] < place[code] for code in graph for source in graph[code] if source in graph)
    assert ordered == in_order(dict(reversed(graph.items())))


def test_everything_that_depends_on_a_change_is_found() -> None:
    graph = {"B": frozenset("A"), "C": frozenset("B"), "D": frozenset("X"), "E": frozenset("CD")}
    assert dependants(frozenset("A"), graph) == frozenset("BCE")
    assert dependants(frozenset("X"), graph) == frozenset("DE")
    assert dependants(frozenset("E"), graph) == frozenset()


def test_terms_are_listed_with_their_places() -> None:
    assert list(terms(parse("TASK-2.2.numerator + TGT-01"))) == [
        Term("TASK-2.2", "numerator", 1),
        Term("TGT-01", "value", 22),
    ]
    assert read_formula("A + B", "B - C").codes == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (Fraction(5, 2), Stored(Decimal("2.5"), True)),
        (Fraction(1, 3), Stored(Decimal("0.3333333333"), False)),
        (Fraction(-1, 10), NoValue("negative")),
        (Fraction(10**18), NoValue("too_large")),
        (Fraction(10**18 - 1), Stored(Decimal(10**18 - 1), True)),
    ],
)
def test_only_what_ten_decimals_cannot_hold_is_rounded_and_says_so(given_value: Fraction, expected: Any) -> None:
    assert stored(given_value) == expected


def held(numerator: int | None, denominator: int | None = None, counted: int = 100, expected: int = 103) -> Held:
    figures = None if numerator is None else Figures(Decimal(numerator), denominator and Decimal(denominator))
    return Held(figures, Coverage(counted, expected))


def test_months_are_added_and_a_missing_one_is_named_and_counts_nobody() -> None:
    year = parse_period("2025")
    months = {f"2025{month:02d}": held(month, 100) for month in range(1, 13)}
    whole = gather(year, months, "sum")
    assert whole is not None
    assert whole.held.figures == Figures(Decimal(78), Decimal(1200))
    assert whole.held.coverage == Coverage(1200, 1236)
    assert whole.missing == ()
    del months["202503"]
    partial = gather(year, months, "sum")
    assert partial is not None
    assert partial.missing == ("202503",)
    assert partial.held.figures == Figures(Decimal(75), Decimal(1100))
    assert partial.held.coverage == Coverage(1100, 1236)


def test_of_a_level_the_last_known_part_stands_for_the_whole() -> None:
    quarters = {"2025Q1": held(1, 10), "2025Q3": held(3, 10), "2025Q4": held(None)}
    found = gather(parse_period("2025"), quarters, "last")
    assert found is not None
    assert (found.held, found.periods, found.missing) == (quarters["2025Q3"], ("2025Q3",), ("2025Q2", "2025Q4"))


def test_figures_of_the_period_itself_come_before_its_parts() -> None:
    known = {"2025": held(9, 10), "2025S1": held(1, 10), "202501": held(1, 10)}
    found = gather(parse_period("2025"), known, "sum")
    assert found is not None
    assert found.periods == ("2025",)
    assert gather(parse_period("2025Q4"), known, "sum") is None
    assert gather(parse_period("2025S1"), {"202502": held(2)}, "sum") is not None


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        ("2025", PeriodKind.HALF, ["2025S1", "2025S2"]),
        ("2025S2", PeriodKind.QUARTER, ["2025Q3", "2025Q4"]),
        ("2025Q1", PeriodKind.MONTH, ["202501", "202502", "202503"]),
        ("2025Q1", PeriodKind.QUARTER, ["2025Q1"]),
        ("2025Q1", PeriodKind.YEAR, []),
    ],
)
def test_the_parts_of_a_period(code: str, kind: PeriodKind, expected: list[str]) -> None:
    parts = parts_of(parse_period(code), kind)
    assert [part.code for part in parts] == expected
    assert not parts or (parts[0].first_day, parts[-1].last_day) == (
        parse_period(code).first_day,
        parse_period(code).last_day,
    )
    assert all(isinstance(part.first_day, date) for part in parts)
