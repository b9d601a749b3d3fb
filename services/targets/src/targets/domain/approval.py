"""Approval up the tree: the levels above a unit sign off in order, each by another person.

    unit ── submit ──► [district Front, where there was one] ──► city Front ──► monitoring board

A level that has no body above the unit is not waited for: districts ended on 30 June 2025. A return takes every
sign-off of the round back; the next submission begins a new round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

VERIFY: Final = "verify"
APPROVE: Final = "approve"
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a form; `kind` and `level` name the body, None for the first of any body above the unit."""

    key: str
    act: str
    name_vi: str
    name_en: str
    kind: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A body on the path above a unit, the unit itself included."""

    id: UUID
    kind: str
    level: str


WITHOUT_FORM: Final = (
    Level("verification", VERIFY, "Thẩm định", "Verification"),
    Level("approval", APPROVE, "Phê duyệt", "Approval"),
)
"""What holds for a period opened for one indicator alone: any verifier at or above the unit, then the board."""


@dataclass(frozen=True, slots=True)
class Signing:
    """How far a report has come, as seen by one person."""

    levels: tuple[Level, ...] = WITHOUT_FORM
    """Those that apply to this unit, in order."""
    signed: Mapping[str, UUID] = field(default_factory=lambda: MappingProxyType({}))
    """Who signed which level in this round."""
    mine: Mapping[str, UUID] = field(default_factory=lambda: MappingProxyType({}))
    """The levels the actor stands at, and for which body."""
    actor: UUID = _NOBODY
    had_a_hand: bool = False
    """Whether the actor entered, corrected or submitted this report at any time."""
    returns: int = 0

    @property
    def pending(self) -> Level | None:
        """The level whose turn it is."""
        return next((level for level in self.levels if level.key not in self.signed), None)

    @property
    def last_verification(self) -> bool:
        """Say whether no other level verifies after the one whose turn it is."""
        left = [level for level in self.levels if level.act == VERIFY and level.key not in self.signed]
        return len(left) <= 1

    def is_turn(self, act: str) -> bool:
        """Say whether the actor stands at the level whose turn it is, for this act."""
        level = self.pending
        return level is not None and level.act == act and level.key in self.mine

    @property
    def signed_before(self) -> bool:
        """Say whether the actor signed another level of this round."""
        return self.actor in self.signed.values()


def applicable(levels: Sequence[Level], path: Sequence[Place]) -> tuple[Level, ...]:
    """Return the levels that have a body above the unit; approving is the board's, which stands beside the tree."""
    return tuple(level for level in levels if level.act == APPROVE or level.kind is None or _bodies(level, path) != [])


def standing(
    levels: Sequence[Level], path: Sequence[Place], verifying: Sequence[UUID], boards: Sequence[UUID]
) -> dict[str, UUID]:
    """Return the levels a person stands at: `verifying` and `boards` are where the roles are held."""
    found: dict[str, UUID] = {}
    for level in levels:
        bodies = list(boards) if level.act == APPROVE else [p.id for p in _bodies(level, path) if p.id in verifying]
        if bodies:
            found[level.key] = bodies[0]
    return found


def _bodies(level: Level, path: Sequence[Place]) -> list[Place]:
    return [
        place
        for place in path
        if (level.kind is None or place.kind == level.kind) and (level.level is None or place.level == level.level)
    ]
