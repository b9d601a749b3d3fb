"""What a share entered for a unit says of the bodies that stood there.

Decision: when a part of a unit goes to another, the same part of each of its bodies goes along, from the same source,
unless somebody has said more of the body: members of a union need not live spread as evenly as the area. A body has
either shares of its own, or those of its unit, never some of both, for together they could make more than the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Known:
    """How much went over, and the document that says so; both None while nobody knows."""

    ratio: Decimal | None = None
    ratio_source: str | None = None


UNKNOWN = Known()


@dataclass(frozen=True, slots=True)
class BodyShare:
    """One succession of a body by another that took a part of it, and what is known of the units the two stood at."""

    id: UUID
    predecessor_id: UUID
    known: Known
    inherited: bool
    of_unit: Known


def inherited(shares: Iterable[BodyShare]) -> dict[UUID, Known]:
    """Return what each succession inherits, by its id; those of a body with a share of its own are left out."""
    bodies: dict[UUID, list[BodyShare]] = {}
    for share in shares:
        bodies.setdefault(share.predecessor_id, []).append(share)
    return {
        share.id: share.of_unit
        for own in bodies.values()
        if all(share.inherited or share.known == UNKNOWN for share in own)
        for share in own
    }
