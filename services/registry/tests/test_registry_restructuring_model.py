"""Random restructurings against a model of plain dictionaries: trees stay forests, nothing overlaps, lineage agrees."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.ids import NAMESPACE
from registry.domain.restructuring import WHOLE, Change, New, Row, Share
from registry.domain.restructuring_plan import plan
from registry.domain.shares import Step, portions_on
from servicekit.errors import DomainError

START = date(2026, 1, 1)
CITY, TOP = uuid5(NAMESPACE, "city"), uuid5(NAMESPACE, "top")


@dataclass
class World:
    """Rows and links as the planner made them, and the model's own book: who holds how much of which first body."""

    rows: dict[UUID, Row] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    books: dict[UUID, dict[UUID, Decimal | None]] = field(default_factory=dict)

    def standing(self, day: date) -> list[Row]:
        found = [row for row in self.rows.values() if row.valid_from <= day and (row.valid_to or day) >= day]
        return sorted(found, key=lambda row: (row.thing, row.name, str(row.id)))

    def bodies(self, day: date) -> list[Row]:
        return [row for row in self.standing(day) if row.thing == "organisation" and row.id != TOP]


def first_world() -> World:
    world = World()
    world.rows[CITY] = Row("unit", CITY, "Thành phố Thử", "city", None, (CITY,), START, code="01")
    world.rows[TOP] = Row("organisation", TOP, "Đầu", "city", None, (TOP,), START, kind="top", unit_id=CITY)
    for number in range(5):
        own = uuid5(NAMESPACE, f"first/{number}")
        parent = TOP if number < 3 else uuid5(NAMESPACE, f"first/{number - 3}")
        path = (*world.rows[parent].path, own)
        world.rows[own] = Row(
            "organisation", own, f"b{number}", "city", parent, path, START, kind="department", unit_id=CITY
        )
        world.books[own] = {own: Decimal(1)}
    return world


def apply(world: World, change: Change, day: date) -> bool:
    """Do what the action does with a plan; False when it was refused, and then nothing has changed."""
    before = dict(world.rows)
    try:
        made = plan([change], world.rows, day, lambda number: uuid5(NAMESPACE, f"{day}/{number}"))
    except DomainError:
        assert world.rows == before
        return False
    for row in made.ended:
        last = day - timedelta(days=1)
        world.rows[row.id] = Row(
            row.thing, row.id, row.name, row.level, row.parent_id, row.path, row.valid_from, last, row.code, row.kind,
            row.unit_id,
        )  # fmt: skip
    world.rows |= {row.id: row for row in made.started}
    for link in made.links:
        ratio = Decimal(1) if link.share.is_whole else link.share.ratio
        world.steps.append(Step(link.predecessor_id, link.successor_id, day, ratio, "confirmed"))
    for book in world.books.values():
        _carry(book, made.ended, [(each.predecessor_id, each.successor_id, each.share) for each in made.links])
    return True


def _carry(book: dict[UUID, Decimal | None], ended: Sequence[Row], links: list[tuple[UUID, UUID, Share]]) -> None:
    gone = {row.id: book.pop(row.id) for row in ended if row.id in book}
    for before, after, share in links:
        if before in gone:
            has, ratio = gone[before], Decimal(1) if share.is_whole else share.ratio
            more = None if has is None or ratio is None else has * ratio
            had = book.get(after, Decimal(0))
            book[after] = None if had is None or more is None else had + more


def draw_change(data: Any, world: World, day: date) -> Change:
    bodies = world.bodies(day)
    one, two = (data.draw(st.sampled_from(bodies)).id for _ in range(2)) if bodies else (TOP, TOP)
    name, follow = f"n{day}", data.draw(st.booleans())
    act = data.draw(st.sampled_from(["create", "rename", "move", "merge", "absorb", "split", "dissolve"]))
    known = data.draw(st.booleans())
    shares = [Share("part", Decimal("0.5"), "thử") if known else Share("part"), Share("remainder")]
    return {
        "create": Change(0, "create", "organisation", heirs=(New(name=name, kind="department", parent=one),)),
        "rename": Change(0, "rename", "organisation", (one,), (New(name=name),), ((one, 0, WHOLE),), follow),
        "move": Change(0, "move", "organisation", (one,), (New(parent=two),), ((one, 0, WHOLE),), follow),
        "merge": Change(
            0, "merge", "organisation", (one, two), (New(name=name),), ((one, 0, WHOLE), (two, 0, WHOLE)), follow
        ),
        "absorb": Change(0, "absorb", "organisation", (one,), (two,), ((one, 0, WHOLE),), follow),
        "split": Change(
            0, "split", "organisation", (one,), (New(name=name), two), ((one, 0, shares[0]), (one, 1, shares[1]))
        ),
        "dissolve": Change(0, "dissolve", "organisation", (one,)),
    }[act]


def check_forest(world: World, day: date) -> None:
    standing = {row.id: row for row in world.standing(day)}
    for row in standing.values():
        assert len(set(row.path)) == len(row.path)
        assert row.path[-1] == row.id
        if row.parent_id is None:
            assert row.path == (row.id,)
        else:
            assert row.parent_id in standing, "the parent stands on every day its child does"
            assert standing[row.parent_id].path == row.path[:-1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_restructurings_agree_with_the_model(data: Any) -> None:
    world, days = first_world(), [START]
    for month in range(data.draw(st.integers(min_value=1, max_value=8))):
        day = START + timedelta(days=30 * (month + 1))
        days += [day - timedelta(days=1), day]
        apply(world, draw_change(data, world, day), day)
        for first, book in world.books.items():
            walked = portions_on(first, world.steps, day)
            alive = {own for own, row in world.rows.items() if row.valid_to is None}
            assert {own: each.ratio for own, each in walked.items() if own in alive} == book
    for day in days:
        check_forest(world, day)
    for step in world.steps:
        before, after = world.rows[step.predecessor_id], world.rows[step.successor_id]
        assert before.valid_to == step.happened_on - timedelta(days=1)
        assert after.valid_from <= step.happened_on <= (after.valid_to or step.happened_on)


def test_the_random_changes_are_not_all_refused() -> None:
    world, day = first_world(), START + timedelta(days=30)
    body = world.bodies(day)[-1].id
    assert apply(world, Change(0, "rename", "organisation", (body,), (New(name="x"),), ((body, 0, WHOLE),)), day)
