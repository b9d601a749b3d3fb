"""Whatever stands below something that ends goes along with it, where the administrator says so (`children_follow`).

As on 1 July 2025: the bodies of a unit become the bodies of their kind at its successor, merged, split or continued as
the units are; everything else continues under the successor of its parent. What is known of a unit's share is taken
to hold for its bodies (`domain/unit_shares.py`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from registry.domain.history_errors import ParentEnds, at
from registry.domain.organisation_kinds import DEPARTMENT, is_named_after, organisation_name
from registry.domain.restructuring import WHOLE, Change, New, Row, Share
from registry.domain.restructuring_draft import Draft
from registry.domain.succession import organisation_succession_kind


class Followers:
    """Adds what follows to a draft that already holds everything asked for by name."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._named = frozenset(draft.ended)
        self._below: dict[UUID, list[Row]] = defaultdict(list)
        self._bodies: dict[UUID, list[Row]] = defaultdict(list)
        self._rooms: dict[tuple[UUID, str], UUID] = {}
        for row in sorted(draft.rows.values(), key=lambda row: (len(row.path), row.name, row.id)):
            if row.valid_to is None and row.valid_from < draft.on:
                self._note(row)
        for own, beginning in draft.begun.items():
            unit = beginning.new.unit or (beginning.like.unit_id if beginning.like else None)
            kind = beginning.new.kind or (beginning.like.kind if beginning.like else "")
            if beginning.thing == "organisation" and unit is not None:
                self._rooms[draft.resolve(unit, "unit", beginning.place, stays=True), kind] = own

    def follow_all(self, change: Change, heirs: Sequence[UUID]) -> None:
        """Take everything below what ends by a change to its only heir. Raises ParentEnds when it has not one."""
        if len(heirs) != 1:
            raise ParentEnds(errors=at(change.place, ParentEnds.code, change.ending))
        for predecessor, _, share in change.links:
            self._follow(self._draft.rows[predecessor], heirs[0], share, change)

    def _note(self, row: Row) -> None:
        if row.parent_id is not None:
            self._below[row.parent_id].append(row)
        if row.unit_id is not None:
            self._bodies[row.unit_id].append(row)
            if row.id not in self._named:
                self._rooms[row.unit_id, row.kind] = row.id

    def _follow(self, row: Row, heir: UUID, share: Share, change: Change) -> None:
        for child in self._below[row.id]:
            goes_with_its_unit = child.kind not in ("", DEPARTMENT) and child.unit_id in self._draft.ended
            if share.is_whole and not goes_with_its_unit:
                self._continue(child, change)
        if row.thing == "unit":
            for body in self._bodies[row.id]:
                if body.kind != DEPARTMENT:
                    self._follow_body(body, heir, share, change)
                elif share.is_whole:
                    self._continue(body, change)

    def _continue(self, row: Row, change: Change) -> None:
        if row.id not in self._draft.ended:
            moved = Change(change.place, "move", row.thing, (row.id,), (New(),), ((row.id, 0, WHOLE),))
            [heir] = self._draft.take(moved)
            self._follow(row, heir, WHOLE, change)

    def _follow_body(self, body: Row, unit: UUID, share: Share, change: Change) -> None:
        if body.id in self._named:
            return
        room = self._rooms.get((unit, body.kind)) or self._make_room(body, unit, change)
        inherited = replace(share, inherited=share.ratio is not None)
        self._draft.end(
            Change(change.place, change.act, "organisation", (body.id,), (), ((body.id, 0, inherited),)), body.id
        )
        self._draft.link("organisation", body.id, room, self._kind(room, unit, share, change), inherited)
        self._follow(body, room, share, change)

    def _make_room(self, body: Row, unit: UUID, change: Change) -> UUID:
        """Begin the body of this kind at a successor, called after it, under the body that its parent became there."""
        above = self._draft.rows.get(body.parent_id) if body.parent_id else None
        parent = self._rooms.get((unit, above.kind)) if above and above.unit_id == body.unit_id else None
        old = self._draft.rows[body.unit_id] if body.unit_id else None
        place = self._draft.row(unit)
        named_after = old is not None and is_named_after(body.name, body.kind, old.name, old.level)
        name = organisation_name(body.kind, place.name, place.level) if named_after else None
        room = self._draft.begin("organisation", New(name=name, parent=parent, unit=unit), body, change.place)
        self._rooms[unit, body.kind] = room
        return room

    def _kind(self, room: UUID, unit: UUID, share: Share, change: Change) -> str:
        if room in self._draft.rows and share.is_whole:
            self._draft.touched.add(room)
            return "ABSORB"
        formed_from = {
            link.predecessor_id for links in self._draft.ended.values() for link in links if link.successor_id == unit
        }
        return organisation_succession_kind("unchanged" if change.act == "move" else share.share, len(formed_from))
