"""Reads over time: the tree of a day, names of a day, and who stands on a day for what stood earlier."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.organisation_kinds import UNIT_TYPES
from registry.domain.shares import Portion, Step, portions_on
from registry.queries.access import stands_on
from registry.queries.lineage import FARTHEST
from registry.tables import Organisation, OrganisationSuccession, Unit, UnitSuccession
from servicekit.errors import NotFound
from servicekit.pages import Window
from servicekit.vietnamese import plain

Thing = type[Unit] | type[Organisation]
UNITS: Final = Unit
ORGANISATIONS: Final = Organisation
"""What a caller asks about; only queries and actions know the tables."""
SUCCESSIONS: Final[dict[Thing, Any]] = {Unit: UnitSuccession, Organisation: OrganisationSuccession}
_TYPES: Final = sorted({plain(word) for words in UNIT_TYPES.values() for word in words})


@dataclass(frozen=True, slots=True)
class TreeFilter:
    """Which part of a day's tree: below a root (None is every root), so many levels deep, of one kind or level."""

    on: date
    root: UUID | None
    depth: int
    kind: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Became:
    """What stood once, and who of those standing on the day asked about has which portion of it."""

    thing: Any
    heirs: list[tuple[Any, Portion]]


async def tree(session: AsyncSession, window: Window, thing: Thing, wanted: TreeFilter) -> tuple[int, Sequence[Any]]:
    """Return the root's depth and a page of rows (row, depth), parents before children (two statements at most).

    Raises NotFound when the root does not stand on the day.
    """
    top = 1
    if wanted.root is not None:
        found = await session.scalar(
            select(func.cardinality(thing.path)).where(thing.id == wanted.root, stands_on(thing, wanted.on))
        )
        if found is None:
            raise NotFound
        top = found
    depth = func.cardinality(thing.path).label("depth")
    statement = select(thing, depth).where(stands_on(thing, wanted.on), depth <= top + wanted.depth)
    if thing is Organisation:
        names = (Unit.code.label("unit_code"), Unit.name.label("unit_name"))
        statement = statement.add_columns(*names).join(Unit, Unit.id == Organisation.unit_id)
        if wanted.kind is not None:
            statement = statement.where(Organisation.kind == wanted.kind)
    if wanted.level is not None:
        statement = statement.where(thing.level == wanted.level)
    if wanted.root is not None:
        statement = statement.where(thing.path.bool_op("@>")([wanted.root]))
    return top, (await session.execute(window.select(statement, [depth, thing.sort_key, thing.id]))).all()


async def named(session: AsyncSession, thing: Thing, name: str, on: date, limit: int) -> Sequence[Any]:
    """Return what bore a name on a day, marks and case aside, in Vietnamese order (one statement).

    A unit is found by its own name too: "Tân An" finds Phường Tân An.
    """
    wanted = plain(name)
    condition = thing.plain_name == wanted
    if thing is Unit:
        condition = or_(condition, thing.plain_name.in_([f"{word} {wanted}" for word in _TYPES]))
    found = select(thing).where(condition, stands_on(thing, on)).order_by(thing.sort_key, thing.id).limit(limit)
    return (await session.scalars(found)).all()


async def things(session: AsyncSession, thing: Any, wanted: Collection[UUID]) -> Sequence[Any]:
    """Return the rows with these ids (one statement). Raises NotFound when one is missing."""
    found = {row.id: row for row in await session.scalars(select(thing).where(thing.id.in_(wanted)))}
    if len(found) != len(set(wanted)):
        raise NotFound
    return [found[each] for each in dict.fromkeys(wanted)]


async def became(session: AsyncSession, thing: Thing, starts: Sequence[Any], on: date) -> list[Became]:
    """Return who has what of each on a day (one statement)."""
    succession = SUCCESSIONS[thing]
    first = select(
        succession.predecessor_id.label("left"), succession.successor_id.label("reached"), literal(1).label("steps")
    ).where(succession.predecessor_id.in_([row.id for row in starts]), succession.happened_on <= on)
    walk = first.cte("walk", recursive=True)
    walk = walk.union(
        select(succession.predecessor_id, succession.successor_id, walk.c.steps + 1)
        .join(walk, succession.predecessor_id == walk.c.reached)
        .where(succession.happened_on <= on, walk.c.steps < FARTHEST)
    )
    links = select(walk.c.left, walk.c.reached).distinct().subquery()
    found = await session.execute(
        select(succession, thing)
        .join(
            links,
            (succession.predecessor_id == links.c.left) & (succession.successor_id == links.c.reached),
        )
        .join(thing, thing.id == succession.successor_id)
    )
    rows = {row.id: row for row in starts}
    steps: list[Step] = []
    for link, heir in found:
        rows[heir.id] = heir
        steps.append(Step(link.predecessor_id, link.successor_id, link.happened_on, _ratio(link), link.confidence))
    return [Became(row, _standing(portions_on(row.id, steps, on), rows, on)) for row in starts]


def _standing(portions: dict[UUID, Portion], rows: dict[UUID, Any], on: date) -> list[tuple[Any, Portion]]:
    heirs = [(rows[own], portion) for own, portion in portions.items()]
    standing = [pair for pair in heirs if pair[0].valid_from <= on and (pair[0].valid_to or on) >= on]
    return sorted(standing, key=lambda pair: (pair[0].sort_key, pair[0].id))


def _ratio(link: Any) -> Decimal | None:
    whole = link.share in ("whole", "unchanged") if isinstance(link, UnitSuccession) else link.kind != "SPLIT"
    ratio: Decimal | None = Decimal(1) if whole else link.ratio
    return ratio
