"""Restating as a rule: whole, part, unknown, dissolved, chains; of no figure more is given out than there is."""

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from targets.domain.figures import add
from targets.domain.lineage import Body, Lineage, Succession
from targets.domain.restated_figures import (
    NO_SUCCESSOR,
    NOT_PASSED_ON,
    SHARE_UNKNOWN,
    Piece,
    Restated,
    Sums,
    less,
    restate,
    restate_units,
    total,
)
from targets.domain.restating import Restating
from targets.domain.validity import Span

FIRST, TODAY = date(2020, 1, 1), date(2026, 6, 30)
DAY = date(2025, 7, 1)
SHARE = Decimal("0.3")


def own(name: str) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, name)


def body(name: str, parent: str | None = "city", since: date = FIRST, until: date | None = None) -> Body:
    path = (own(name),) if parent is None else (own(parent), own(name))
    return Body(own(name), name, "front_committee", "commune", path, own(f"unit {name}"), Span(since, until))


def old(name: str, parent: str | None = "city", until: date = DAY - timedelta(days=1)) -> Body:
    return body(name, parent, FIRST, until)


def new(name: str, since: date = DAY) -> Body:
    return body(name, "city", since)


def step(before: str, after: str, kind: str = "MERGE", ratio: Decimal | None = None, day: date = DAY) -> Succession:
    source = None if ratio is None else "Biên bản"
    return Succession(own(before), own(after), kind, day, ratio, source, False, "confirmed", "NQ 1668")


def sums(numerator: int, denominator: int = 1000, expected: int = 1, **more: Any) -> Sums:
    return Sums(Decimal(numerator), Decimal(denominator), counted=expected, expected=expected, **more)


def units(lineage: Lineage, rows: Mapping[str, Sums], *listed: str, day: date = TODAY) -> Any:
    found, left = restate_units(
        Restating(lineage, day), {own(name): row for name, row in rows.items()}, [own(name) for name in listed]
    )
    return {lineage.bodies[key].name: value for key, value in found.items()}, left


def series_of(lineage: Lineage, rows: Mapping[str, Sums], name: str, day: date = TODAY) -> Restated:
    """The way a series goes: from an organisation back to its sources, whose rows hold what is below them."""
    stored = {own(key): row for key, row in rows.items()}
    pieces = []
    for source in Restating(lineage, day).sources(own(name)):
        if source.organisation_id in stored:
            below = [stored[child] for child in source.children if child in stored]
            unit = lineage.bodies[source.organisation_id].unit_id
            pieces.append(Piece(source, unit, less(stored[source.organisation_id], below)))
    return restate(pieces)


CITY = body("city", None)


def test_wholes_are_added_numerators_and_denominators_apart() -> None:
    lineage = Lineage([CITY, old("a"), old("b"), new("c")], [step("a", "c"), step("b", "c")])
    found, left = units(lineage, {"a": sums(3, 10), "b": sums(50, 200)}, "c")
    assert (found["c"].known.numerator, found["c"].known.denominator) == (53, 210)
    assert (found["c"].known.counted, found["c"].known.expected) == (2, 2)
    assert not found["c"].estimated
    assert left == []


def test_a_share_is_multiplied_exactly_and_called_an_estimate() -> None:
    steps = [step("a", "c", "SPLIT", SHARE), step("a", "d", "SPLIT", 1 - SHARE)]
    found, left = units(Lineage([CITY, old("a"), new("c"), new("d")], steps), {"a": sums(7, 11)}, "c", "d")
    assert (found["c"].known.numerator, found["c"].known.denominator) == (Decimal("2.1"), Decimal("3.3"))
    assert (found["d"].known.numerator, found["d"].known.denominator) == (Decimal("4.9"), Decimal("7.7"))
    assert found["c"].estimated
    assert found["c"].pieces[0].source.part.by == (steps[0],)
    assert left == []


def test_an_unknown_share_makes_the_successors_unknown_and_not_the_city() -> None:
    bodies = [CITY, old("a"), old("b"), new("c"), new("d")]
    lineage = Lineage(bodies, [step("a", "c", "SPLIT"), step("a", "d", "SPLIT"), step("b", "c")])
    found, left = units(lineage, {"a": sums(7), "b": sums(5)}, "c", "d")
    assert [piece.sums.numerator for piece in found["c"].unknown] == [7]
    assert (found["c"].known.numerator, found["c"].known.counted, found["c"].known.expected) == (5, 1, 2)
    assert found["d"].known.numerator is None
    assert [(each.reason, each.sums.numerator, set(each.between)) for each in left] == [
        (SHARE_UNKNOWN, 7, {own("c"), own("d")})
    ]
    assert series_of(lineage, {"city": sums(12, 2000, 2), "a": sums(7), "b": sums(5)}, "city").known.numerator == 12


def test_a_part_known_of_two_leaves_the_rest_unknown() -> None:
    steps = [step("a", "c", "SPLIT", SHARE), step("a", "d", "SPLIT")]
    found, left = units(Lineage([CITY, old("a"), new("c"), new("d")], steps), {"a": sums(10)}, "c", "d")
    assert (found["c"].known.numerator, found["c"].unknown) == (3, ())
    assert len(found["d"].unknown) == 1
    assert [(each.reason, each.sums.numerator) for each in left] == [(SHARE_UNKNOWN, 7)]


def test_shares_below_the_whole_leave_something_nobody_has() -> None:
    steps = [step("a", "c", "SPLIT", SHARE), step("a", "d", "SPLIT", SHARE)]
    _, left = units(Lineage([CITY, old("a"), new("c"), new("d")], steps), {"a": sums(10)}, "c", "d")
    assert [(each.reason, each.sums.numerator) for each in left] == [(NOT_PASSED_ON, 4)]


def test_who_took_all_parts_over_any_chain_has_the_whole_of_it() -> None:
    later = DAY + timedelta(days=100)
    bodies = [
        CITY,
        old("a"),
        body("c", since=DAY, until=later - timedelta(days=1)),
        body("d", since=DAY),
        new("e", later),
    ]
    steps = [step("a", "c", "SPLIT"), step("a", "d", "SPLIT")]
    lineage = Lineage(bodies, [*steps, step("c", "e", "RENAME", day=later)])
    assert units(lineage, {"a": sums(9)}, "e", "d")[0]["e"].unknown
    joined = Lineage(
        [*bodies[:3], body("d", since=DAY, until=later - timedelta(days=1)), new("e", later)],
        [*steps, step("c", "e", day=later), step("d", "e", day=later)],
    )
    found, left = units(joined, {"a": sums(9)}, "e")
    assert (found["e"].known.numerator, found["e"].unknown, left) == (9, (), [])


def test_shares_of_shares_are_multiplied() -> None:
    later = DAY + timedelta(days=100)
    bodies = [CITY, old("a"), body("c", since=DAY, until=later - timedelta(days=1)), new("d"), new("e", later)]
    steps = [step("a", "c", "SPLIT", SHARE), step("a", "d", "SPLIT", 1 - SHARE)]
    steps += [step("c", "e", "SPLIT", Decimal("0.5"), later), step("c", "d", "SPLIT", Decimal("0.5"), later)]
    found, left = units(Lineage(bodies, steps), {"a": sums(100)}, "d", "e")
    assert (found["e"].known.numerator, found["d"].known.numerator, left) == (15, 85, [])
    before, _ = units(Lineage(bodies, steps), {"a": sums(100)}, "c", "d", day=DAY)
    assert (before["c"].known.numerator, before["d"].known.numerator) == (30, 70)


def test_what_is_known_of_a_figure_with_an_unknown_share_is_an_estimate_too() -> None:
    later = DAY + timedelta(days=100)
    bodies = [CITY, old("a"), body("c", since=DAY, until=later - timedelta(days=1)), new("d"), new("e", later)]
    steps = [step("a", "c", "SPLIT", SHARE), step("a", "d", "SPLIT", 1 - SHARE)]
    steps += [step("c", "e", "SPLIT", None, later), step("c", "d", "SPLIT", None, later)]
    found, left = units(Lineage(bodies, steps), {"a": sums(100)}, "d", "e")
    assert (found["d"].known.numerator, found["d"].estimated, len(found["d"].unknown)) == (70, True, 1)
    assert (found["e"].known.numerator, found["e"].estimated) == (None, False)
    assert [each.sums.numerator for each in left] == [30]


def test_what_was_dissolved_stays_in_the_figures_above_it() -> None:
    lineage = Lineage([CITY, old("a"), body("c")], [])
    rows = {"city": sums(12, 2000, 2), "a": sums(7), "c": sums(5)}
    found, left = units(lineage, rows, "c")
    assert found["c"].known.numerator == 5
    assert [each.sums.numerator for each in left] == [7]
    assert series_of(lineage, rows, "city").known.numerator == 12
    alone = Lineage([old("a", None), body("c")], [])
    assert [each.reason for each in units(alone, {"a": sums(7)}, "c")[1]] == [NO_SUCCESSOR]


def test_what_an_organisation_above_reported_itself_is_not_summed_twice() -> None:
    """A district with figures of its own beside those of its wards: the wards go whole, its own nobody knows where."""
    ward = Body(
        own("w"),
        "w",
        "front_committee",
        "commune",
        (own("district"), own("w")),
        own("u"),
        Span(FIRST, date(2025, 6, 30)),
    )
    lineage = Lineage(
        [CITY, old("district", None), ward, new("c"), new("d")],
        [step("w", "c"), step("district", "c", "SPLIT"), step("district", "d", "SPLIT")],
    )
    rows = {"district": sums(9, 1000, 2), "w": sums(7, 600)}
    found, left = units(lineage, rows, "c", "d")
    assert found["c"].known.numerator == 7
    assert [piece.sums.numerator for piece in found["c"].unknown] == [2]
    assert [each.sums.denominator for each in left] == [400]
    assert series_of(lineage, rows, "c").known.numerator == 7
    only_wards, left = units(lineage, {"district": sums(7, 600), "w": sums(7, 600)}, "c", "d")
    assert (only_wards["c"].known.numerator, only_wards["c"].unknown, left) == (7, (), [])


def test_ways_of_counting_are_kept_apart() -> None:
    lineage = Lineage([CITY, old("a"), old("b"), new("c")], [step("a", "c"), step("b", "c")])
    rows = {"a": sums(3, methods=("distinct_persons",)), "b": sums(5, methods=("memberships",))}
    found = units(lineage, rows, "c")[0]["c"]
    assert found.known.methods == ("distinct_persons", "memberships")
    assert {way: each.numerator for way, each in found.by_method.items()} == {"distinct_persons": 3, "memberships": 5}


def test_the_people_of_a_unit_are_counted_once() -> None:
    lineage = Lineage([CITY, old("a"), old("b"), new("c")], [step("a", "c"), step("b", "c")])
    people = {"population_counted": Decimal(80), "population_expected": Decimal(100)}
    found = units(lineage, {"a": sums(3, **people), "b": sums(5, **people)}, "c")[0]["c"].known
    assert (found.population_counted, found.population_expected) == (160, 200)
    assert units(lineage, {"a": sums(3, **people), "b": sums(5)}, "c")[0]["c"].known.population_expected is None


ACTS = st.sampled_from(["merge", "split", "unknown", "half_known", "rename", "absorb", "dissolve", "leak"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[Lineage, dict[str, Sums], list[str]]:
    """Communes below a city that are restructured over several days, with what each reported while it stood."""
    standing = {f"c{place}": FIRST for place in range(draw(st.integers(2, 6)))}
    ended: list[Body] = []
    steps: list[Succession] = []

    def end(name: str, day: date) -> None:
        ended.append(body(name, since=standing.pop(name), until=day - timedelta(days=1)))

    for turn in range(draw(st.integers(0, 5))):
        day = DAY + timedelta(days=10 * turn)
        ready = sorted(standing)
        if len(ready) < 2:
            break
        act = draw(ACTS)
        one, two = draw(st.permutations(ready))[:2]
        fresh = f"n{turn}"
        end(one, day)
        if act == "merge":
            end(two, day)
            standing[fresh] = day
            steps += [step(one, fresh, day=day), step(two, fresh, day=day)]
        elif act == "absorb":
            steps.append(step(one, two, "ABSORB", day=day))
        elif act == "rename":
            standing[fresh] = day
            steps.append(step(one, fresh, "RENAME", day=day))
        elif act != "dissolve":
            standing[fresh] = day
            first = draw(st.decimals("0.00000001", "0.99999999", places=8)) if act != "unknown" else None
            rest = None if act in ("unknown", "half_known") else 1 - first
            if act == "leak":
                rest = (1 - first) / 2
            steps += [step(one, fresh, "SPLIT", first, day), step(one, two, "SPLIT", rest, day)]
    bodies = [CITY, *ended, *(body(name, since=since) for name, since in standing.items())]
    rows = {
        each.name: draw(st.builds(sums, st.integers(0, 10**15), st.integers(1, 10**15)))
        for each in bodies[1:]
        if draw(st.booleans())
    }
    rows["city"] = total([*rows.values(), Sums(expected=0)])
    return Lineage(bodies, steps), rows, sorted(standing)


@settings(max_examples=300, deadline=None)
@given(histories())
def test_nothing_is_lost_and_nothing_is_given_out_twice(drawn: tuple[Lineage, dict[str, Sums], list[str]]) -> None:
    lineage, rows, listed = drawn
    found, left = units(lineage, rows, *listed)
    for name in ("numerator", "denominator"):
        told = [getattr(each.known, name) or Decimal(0) for each in found.values()]
        rest = [getattr(each.sums, name) for each in left]
        assert add([*told, *rest]) == (getattr(rows["city"], name) or 0)
        assert all(value >= 0 for value in (*told, *rest))
    assert series_of(lineage, rows, "city").known.numerator == rows["city"].numerator
    for unit in listed:
        alone = series_of(lineage, rows, unit)
        assert alone.known == found[unit].known
        assert {piece.source.organisation_id for piece in alone.unknown} == {
            piece.source.organisation_id for piece in found[unit].unknown
        }
