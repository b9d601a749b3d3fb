"""Organisations over time: who stood when, who took over from whom, and with which share (sắp xếp, kế tục)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from targets.domain.validity import Span

CONFIDENCES: Final = ("confirmed", "inferred", "unconfirmed")
"""From the surest to the least sure; a chain is as sure as its least sure link."""


@dataclass(frozen=True, slots=True)
class Body:
    """One organisation for a span of dates; `path` leads from the topmost one down to itself."""

    id: UUID
    name: str
    kind: str
    level: str
    path: tuple[UUID, ...]
    unit_id: UUID
    span: Span

    @property
    def parent_id(self) -> UUID | None:
        """The organisation directly above."""
        return self.path[-2] if len(self.path) > 1 else None

    def stands_on(self, day: date) -> bool:
        """Say whether a day lies in its span."""
        return self.span.includes(day)


@dataclass(frozen=True, slots=True)
class Succession:
    """One organisation taking over from another: the whole of it, or in a SPLIT a part, unknown without a ratio."""

    predecessor_id: UUID
    successor_id: UUID
    kind: str
    happened_on: date
    ratio: Decimal | None
    ratio_source: str | None
    inherited: bool
    """The ratio was entered for the two units, not for these organisations."""
    confidence: str
    legal_basis: str

    @property
    def share(self) -> Decimal | None:
        """How much goes over: 1 for the whole, None for a part of unknown size."""
        return self.ratio if self.kind == "SPLIT" else Decimal(1)


class Lineage:
    """All organisations the registry tells of, with everything that was ever taken over."""

    def __init__(self, bodies: Iterable[Body], successions: Iterable[Succession]) -> None:
        self.bodies: Mapping[UUID, Body] = {body.id: body for body in bodies}
        self._onward: dict[UUID, list[Succession]] = {}
        self._back: dict[UUID, list[Succession]] = {}
        self._below: dict[UUID, list[UUID]] = {}
        for body in self.bodies.values():
            if body.parent_id is not None:
                self._below.setdefault(body.parent_id, []).append(body.id)
        for one in sorted(successions, key=lambda each: (each.happened_on, each.successor_id)):
            if one.predecessor_id in self.bodies and one.successor_id in self.bodies:
                self._onward.setdefault(one.predecessor_id, []).append(one)
                self._back.setdefault(one.successor_id, []).append(one)

    def onward(self, own: UUID, day: date) -> list[Succession]:
        """Return how an organisation was taken over up to a day."""
        return [one for one in self._onward.get(own, ()) if one.happened_on <= day]

    def back(self, own: UUID, day: date) -> list[Succession]:
        """Return what an organisation took over up to a day."""
        return [one for one in self._back.get(own, ()) if one.happened_on <= day]

    def children(self, own: UUID) -> list[UUID]:
        """Return what ever stood directly below an organisation."""
        return self._below.get(own, [])

    def standing(self, day: date, level: str, kinds: Collection[str]) -> list[Body]:
        """Return the organisations of a level and some kinds that stand on a day."""
        return [
            body for body in self.bodies.values() if body.level == level and body.kind in kinds and body.stands_on(day)
        ]

    def dissolved(self, own: UUID, day: date) -> bool:
        """Say whether an organisation ended before a day and nobody took over from it."""
        ended = self.bodies[own].span.valid_to
        return ended is not None and ended < day and not self.onward(own, day)

    def standing_for(self, own: UUID, day: date) -> list[Body]:
        """Return who of those standing on a day has it or a part of it, or had it before it began, by name.

        Only those of its level where there are such: a ward's figures of old were its wards', not the district's.
        Nobody stands for what is not known.
        """
        if own not in self.bodies:
            return []
        found: dict[UUID, Body] = {}
        waiting, seen = [own], {own}
        early = self.bodies[own].span.begins_after(day)
        while waiting:
            here = waiting.pop()
            if self.bodies[here].stands_on(day):
                found[here] = self.bodies[here]
                continue
            steps = self._back.get(here, ()) if early else self.onward(here, day)
            for step in steps:
                there = step.predecessor_id if early else step.successor_id
                if there not in seen:
                    seen.add(there)
                    waiting.append(there)
        level = self.bodies[own].level
        alike = [body for body in found.values() if body.level == level] or list(found.values())
        return sorted(alike, key=lambda body: (body.name, body.id))


def least_sure(confidences: Iterable[str]) -> str:
    """Return the least sure of some; the surest for none."""
    return max(confidences, key=CONFIDENCES.index, default=CONFIDENCES[0])
