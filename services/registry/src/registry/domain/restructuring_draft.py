"""A restructuring while it is being worked out: what ends, what begins, and everything impossible that shows here."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from registry.domain.history_errors import (
    ChildrenLeft,
    NamedTwice,
    NotStandingThen,
    OwnAncestor,
    ParentEnds,
    SharesAboveWhole,
    SuccessorNotThere,
    UnknownKey,
    at,
)
from registry.domain.organisation_kinds import UNIT_TYPES, split_name
from registry.domain.restructuring import Act, Change, Link, New, Plan, Ref, Row, Share, Thing
from servicekit.errors import Invalid

_KINDS: Mapping[Act, str] = {
    "rename": "RENAME",
    "move": "CONTINUE",
    "merge": "MERGE",
    "absorb": "ABSORB",
    "split": "SPLIT",
}


@dataclass(frozen=True, slots=True)
class Beginning:
    """Something new before its parent is known; `like` is its first predecessor."""

    id: UUID
    thing: Thing
    new: New
    like: Row | None
    place: int


class Draft:
    """The plan while it grows: what ends with its links, what begins with its references still open."""

    def __init__(self, rows: Mapping[UUID, Row], on: date, new_id: Callable[[int], UUID]) -> None:
        self.rows = rows
        self.on = on
        self.ended: dict[UUID, list[Link]] = {}
        self.places: dict[UUID, int] = {}
        self.begun: dict[UUID, Beginning] = {}
        self.touched: set[UUID] = set()
        self._keys: dict[str, UUID] = {}
        self._new_id = new_id
        self._built: dict[UUID, Row] = {}
        self._building: set[UUID] = set()

    def take(self, change: Change) -> list[UUID]:
        """Add one change and return who takes over."""
        for predecessor in change.ending:
            self.end(change, predecessor)
        like = self.rows[change.ending[0]] if change.ending else None
        heirs = [
            self.begin(change.thing, heir, like, change.place)
            if isinstance(heir, New)
            else self._standing(change, heir)
            for heir in change.heirs
        ]
        for predecessor, heir, share in change.links:
            self.link(change.thing, predecessor, heirs[heir], _kind(change, share), share)
        return heirs

    def end(self, change: Change, predecessor: UUID) -> None:
        """Say that something ends by a change. Raises NotStandingThen, NamedTwice."""
        row = self.rows.get(predecessor)
        if row is None or row.thing != change.thing or row.valid_to is not None or row.valid_from >= self.on:
            raise NotStandingThen(errors=at(change.place, NotStandingThen.code, [predecessor]))
        parts = [share for former, _, share in change.links if former == predecessor]
        if predecessor in self.ended:
            earlier = [link.share for link in self.ended[predecessor]]
            if not parts or not earlier or any(share.is_whole for share in (*parts, *earlier)):
                raise NamedTwice(errors=at(change.place, NamedTwice.code, [predecessor]))
        self.ended.setdefault(predecessor, [])
        self.places.setdefault(predecessor, change.place)
        self.touched.add(predecessor)

    def begin(self, thing: Thing, new: New, like: Row | None, place: int) -> UUID:
        """Say that something begins and return its id. Raises NamedTwice when its key is taken."""
        own = self._new_id(len(self.begun))
        self.begun[own] = Beginning(own, thing, new, like, place)
        if new.key is not None:
            if new.key in self._keys:
                raise NamedTwice(errors=at(place, NamedTwice.code))
            self._keys[new.key] = own
        return own

    def link(self, thing: Thing, predecessor: UUID, successor: UUID, kind: str, share: Share) -> None:
        """Say that a share of something that ends goes to a successor."""
        self.ended[predecessor].append(Link(thing, predecessor, successor, kind, share))

    def heir_of(self, ended: UUID) -> UUID | None:
        """Return the only successor of something that ends by these changes."""
        heirs = {link.successor_id for link in self.ended[ended]}
        return heirs.pop() if len(heirs) == 1 else None

    def resolve(self, ref: Ref, thing: Thing, place: int, *, stays: bool = False) -> UUID:
        """Return what a reference means on the day: the thing itself, or its only successor when it ends.

        What somebody only `stays` at is not touched: a body is renamed without a say over its unit.
        Raises UnknownKey, NotStandingThen, ParentEnds.
        """
        if isinstance(ref, str):
            found = self._keys.get(ref)
            if found is None or self.begun[found].thing != thing:
                raise UnknownKey(errors=at(place, UnknownKey.code))
            return found
        if ref in self.begun:
            return ref
        if ref in self.ended:
            heir = self.heir_of(ref)
            if heir is None:
                raise ParentEnds(errors=at(place, ParentEnds.code, [ref]))
            return heir
        row = self.rows.get(ref)
        if row is None or row.thing != thing or row.valid_to is not None or row.valid_from > self.on:
            raise NotStandingThen(errors=at(place, NotStandingThen.code, [ref]))
        if not stays:
            self.touched.add(ref)
        return ref

    def row(self, ref: UUID) -> Row:
        """Return a row that stands or begins, with its parent and path. Raises OwnAncestor."""
        if ref not in self.begun:
            return self.rows[ref]
        if ref not in self._built:
            if ref in self._building:
                raise OwnAncestor(errors=at(self.begun[ref].place, OwnAncestor.code))
            self._building.add(ref)
            self._built[ref] = self._build(self.begun[ref])
        return self._built[ref]

    def finish(self) -> Plan:
        """Return the plan. Raises ChildrenLeft, SharesAboveWhole, OwnAncestor."""
        self._refuse_children_left()
        links = [link for some in self.ended.values() for link in some]
        self._refuse_shares(links)
        started = sorted((self.row(own) for own in self.begun), key=lambda row: (row.thing != "unit", len(row.path)))
        return Plan(
            ended=tuple(self.rows[own] for own in self.ended),
            started=tuple(started),
            links=tuple(links),
            keys=dict(self._keys),
            touched=frozenset(self.touched),
        )

    def _standing(self, change: Change, heir: UUID) -> UUID:
        row = self.rows.get(heir)
        if row is None or row.thing != change.thing or row.valid_from >= self.on or row.valid_to is not None:
            raise SuccessorNotThere(errors=at(change.place, SuccessorNotThere.code, [heir]))
        self.touched.add(heir)
        return heir

    def _build(self, beginning: Beginning) -> Row:
        new, like, place = beginning.new, beginning.like, beginning.place
        wanted = new.parent if new.parent is not None else (like.parent_id if like else None)
        parent = self.row(self.resolve(wanted, beginning.thing, place)) if wanted is not None else None
        name = new.name or (like.name if like else "")
        path = (*(parent.path if parent else ()), beginning.id)
        parent_id = parent.id if parent else None
        if beginning.thing == "unit":
            level = new.level or (like.level if like else "")
            if split_name(name)[0] not in UNIT_TYPES[level]:
                raise Invalid(errors=at(place, "unit_type"))
            code = new.code or (like.code if like else "")
            return Row("unit", beginning.id, name, level, parent_id, path, self.on, code=code)
        unit = self.row(self._unit_of(beginning, parent))
        kind = new.kind or (like.kind if like else "")
        return Row("organisation", beginning.id, name, unit.level, parent_id, path, self.on, kind=kind, unit_id=unit.id)

    def _unit_of(self, beginning: Beginning, parent: Row | None) -> UUID:
        if beginning.new.unit is not None:
            return self.resolve(beginning.new.unit, "unit", beginning.place)
        if beginning.like is not None and beginning.like.unit_id is not None:
            return self.resolve(beginning.like.unit_id, "unit", beginning.place, stays=True)
        if parent is None or parent.unit_id is None:
            raise ParentEnds(errors=at(beginning.place, ParentEnds.code))
        return parent.unit_id

    def _refuse_children_left(self) -> None:
        left: dict[int, list[UUID]] = defaultdict(list)
        for row in self.rows.values():
            if row.id in self.ended or (row.valid_to is not None and row.valid_to < self.on):
                continue
            above = row.parent_id if row.parent_id in self.ended else row.unit_id
            if above in self.ended:
                left[self.places[above]].append(row.id)
        if left:
            raise ChildrenLeft(
                errors=[each for place in sorted(left) for each in at(place, ChildrenLeft.code, sorted(left[place]))]
            )

    def _refuse_shares(self, links: Iterable[Link]) -> None:
        total: dict[UUID, Decimal] = defaultdict(Decimal)
        for link in links:
            if link.successor_id in self.ended:
                place = self.places[link.predecessor_id]
                raise SuccessorNotThere(errors=at(place, SuccessorNotThere.code, [link.successor_id]))
            total[link.predecessor_id] += link.share.ratio or 0
            if total[link.predecessor_id] > 1:
                place = self.places[link.predecessor_id]
                raise SharesAboveWhole(errors=at(place, SharesAboveWhole.code, [link.predecessor_id]))


def _kind(change: Change, share: Share) -> str:
    if change.thing == "unit":
        return "unchanged" if change.act == "move" and share.is_whole else share.share
    return _KINDS[change.act] if share.is_whole else "SPLIT"
