"""What a restructuring consists of, as it is sent."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from registry.api.territory_answers import Confidence, Kind, Level, UnitCode
from registry.domain.restructuring import WHOLE, Act, Change, New, Ref, Share, Thing
from servicekit.text import ApiModel, ExactNumber, Flag, Key, LegalDate, SafeLine, Uuid

Ratio = Annotated[Decimal, ExactNumber(ge=Decimal("0.00000001"), le=Decimal(1))]
MOST_CHANGES = 500


class Place(ApiModel):
    """A unit or body: by `id` when it stands, by `key` when this restructuring makes it."""

    id: Uuid | None = None
    key: Key | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Place":
        if (self.id is None) == (self.key is None):
            raise ValueError("either id or key")
        return self

    def ref(self) -> Ref:
        """Return what the domain knows it by."""
        return self.id if self.id is not None else str(self.key)


class ShareRequest(ApiModel):
    """How much goes over. `ratio` is left out while nobody knows it; when given, its source is too."""

    share: Literal["whole", "part", "remainder"] = "whole"
    ratio: Ratio | None = None
    ratio_source: SafeLine | None = None

    @model_validator(mode="after")
    def _ratio_of_a_part_with_source(self) -> "ShareRequest":
        if (self.ratio is None) != (self.ratio_source is None) or (self.ratio is not None and self.share == "whole"):
            raise ValueError("a ratio belongs to a part and has a source")
        return self

    def to_share(self) -> Share:
        """Return it for the domain."""
        return Share(self.share, self.ratio, self.ratio_source)


class Predecessor(ShareRequest):
    """Something that ends, and how much of it goes over."""

    id: Uuid


class NewThing(ApiModel):
    """A unit (with `code` and `level`) or a body (with `kind`) that begins; what is left out is as the predecessor's.

    `key` is how other changes of the same restructuring refer to it.
    """

    key: Key | None = None
    name: SafeLine
    kind: Kind | None = None
    code: UnitCode | None = None
    level: Level | None = None
    parent: Place | None = None
    unit: Place | None = None

    def to_new(self) -> New:
        """Return it for the domain."""
        return New(self.key, self.name, self.kind, self.code, self.level, _ref(self.parent), _ref(self.unit))


class Heir(ShareRequest):
    """What a part of a split goes to: something new, or something that stands (`id`)."""

    share: Literal["part", "remainder"] = "part"
    id: Uuid | None = None
    new: NewThing | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Heir":
        if (self.id is None) == (self.new is None):
            raise ValueError("either id or new")
        return self


class CreateChange(ApiModel):
    """Begin something with no predecessor, under a parent."""

    change: Literal["create"]
    of: Thing
    new: NewThing

    @model_validator(mode="after")
    def _complete(self) -> "CreateChange":
        told = (self.new.code and self.new.level) if self.of == "unit" else self.new.kind
        if not told or self.new.parent is None:
            raise ValueError("parent, and kind or code and level, are needed")
        return self

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        return Change(place, "create", self.of, heirs=(self.new.to_new(),))


class RenameChange(ApiModel):
    """Give a unit or body another name: it ends, and its successor begins."""

    change: Literal["rename"]
    of: Thing
    id: Uuid
    name: SafeLine
    key: Key | None = None
    children_follow: Flag = False

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        return _succeeded(place, "rename", self.of, self.id, New(self.key, self.name), self.children_follow)


class MoveChange(ApiModel):
    """Put a unit or body under another parent, and a body at another unit: it ends, and its successor begins."""

    change: Literal["move"]
    of: Thing
    id: Uuid
    parent: Place
    unit: Place | None = None
    name: SafeLine | None = None
    key: Key | None = None
    children_follow: Flag = False

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        new = New(self.key, self.name, parent=self.parent.ref(), unit=_ref(self.unit))
        return _succeeded(place, "move", self.of, self.id, new, self.children_follow)


class MergeChange(ApiModel):
    """End several, or parts of them, and begin one in their place."""

    change: Literal["merge"]
    of: Thing
    predecessors: Annotated[list[Predecessor], Field(min_length=2, max_length=50)]
    new: NewThing
    children_follow: Flag = False

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        return _joined(place, "merge", self.of, self.predecessors, self.new.to_new(), self.children_follow)


class AbsorbChange(ApiModel):
    """End some, or parts of them; one that stands takes them over and goes on as it is."""

    change: Literal["absorb"]
    of: Thing
    predecessors: Annotated[list[Predecessor], Field(min_length=1, max_length=50)]
    into: Uuid
    children_follow: Flag = False

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        return _joined(place, "absorb", self.of, self.predecessors, self.into, self.children_follow)


class SplitChange(ApiModel):
    """End one; several take over a part each."""

    change: Literal["split"]
    of: Thing
    id: Uuid
    heirs: Annotated[list[Heir], Field(min_length=2, max_length=50)]

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        heirs = tuple(heir.new.to_new() if heir.new else heir.id for heir in self.heirs)
        links = tuple((self.id, number, heir.to_share()) for number, heir in enumerate(self.heirs))
        return Change(place, "split", self.of, (self.id,), tuple(heir for heir in heirs if heir), links)


class DissolveChange(ApiModel):
    """End something without a successor."""

    change: Literal["dissolve"]
    of: Thing
    id: Uuid

    def to_change(self, place: int) -> Change:
        """Return it for the domain."""
        return Change(place, "dissolve", self.of, ending=(self.id,))


AnyChange = Annotated[
    CreateChange | RenameChange | MoveChange | MergeChange | AbsorbChange | SplitChange | DissolveChange,
    Field(discriminator="change"),
]


class RestructuringRequest(ApiModel):
    """Changes that take effect together on a day, with the instrument that says so (số, ngày, điều khoản)."""

    happened_on: LegalDate
    legal_basis: SafeLine
    confidence: Confidence = "confirmed"
    changes: Annotated[list[AnyChange], Field(min_length=1, max_length=MOST_CHANGES)]


def _ref(place: Place | None) -> Ref | None:
    return place.ref() if place is not None else None


def _succeeded(place: int, act: Act, of: Thing, own: UUID, new: New, follow: bool) -> Change:
    return Change(place, act, of, (own,), (new,), ((own, 0, WHOLE),), follow)


def _joined(
    place: int, act: Act, of: Thing, predecessors: Sequence[Predecessor], heir: New | UUID, follow: bool
) -> Change:
    ending = tuple(each.id for each in predecessors)
    return Change(
        place, act, of, ending, (heir,), tuple((each.id, 0, each.to_share()) for each in predecessors), follow
    )
