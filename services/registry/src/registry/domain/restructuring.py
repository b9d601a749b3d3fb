"""What a restructuring (sắp xếp tổ chức) consists of, and what it comes to: rows that end, rows that begin, links."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

Thing = Literal["unit", "organisation"]
Act = Literal["create", "rename", "merge", "split", "absorb", "dissolve", "move"]
Ref = UUID | str
"""Something that stands, by id, or something the same restructuring makes, by key."""


@dataclass(frozen=True, slots=True)
class Row:
    """A unit or a body for a span of dates. A unit has a code, a body a kind and a unit."""

    thing: Thing
    id: UUID
    name: str
    level: str
    parent_id: UUID | None
    path: tuple[UUID, ...]
    valid_from: date
    valid_to: date | None = None
    code: str = ""
    kind: str = ""
    unit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class New:
    """What begins. None is "as the first predecessor"; a body without a unit stands where its parent does."""

    key: str | None = None
    name: str | None = None
    kind: str | None = None
    code: str | None = None
    level: str | None = None
    parent: Ref | None = None
    unit: Ref | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a predecessor goes over: the whole, or a part whose ratio may be unknown (None).

    `inherited`: said of the body's unit, and of the body only because nothing else is known.
    """

    share: Literal["whole", "part", "remainder"] = "whole"
    ratio: Decimal | None = None
    ratio_source: str | None = None
    inherited: bool = False

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is left for another successor."""
        return self.share == "whole"


WHOLE = Share()


@dataclass(frozen=True, slots=True)
class Change:
    """One item: what ends, what takes over (new, or standing already), and which share of what goes where.

    `links` holds (predecessor, place in `heirs`, share). `children_follow` takes everything below along, which needs
    exactly one heir.
    """

    place: int
    act: Act
    thing: Thing
    ending: tuple[UUID, ...] = ()
    heirs: tuple[New | UUID, ...] = ()
    links: tuple[tuple[UUID, int, Share], ...] = ()
    children_follow: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """One succession. `kind` is a body's MERGE, SPLIT … or a unit's whole, part, remainder, unchanged."""

    thing: Thing
    predecessor_id: UUID
    successor_id: UUID
    kind: str
    share: Share


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restructuring comes to. `touched` holds everything standing that is ended, put under, or taken into."""

    ended: tuple[Row, ...]
    started: tuple[Row, ...]
    links: tuple[Link, ...]
    keys: dict[str, UUID]
    touched: frozenset[UUID]
