"""What a figure of an organisation of old says of the organisations standing on a later day.

    whole       its figures are added to the successor's, numerators and denominators apart
    a share     its figures times the share, exactly; such a figure is an estimate
    unknown     no figure of the successor: it is not shared out equally, nor left out, but said to be unknown
    dissolved   nobody took over: it stays in the figures of what it stood below

Whatever stands above all who took a part has the whole of it, whether or not the shares are known. Of no figure is
more given out than there was: what the standing have of it and what is unknown make exactly the figure reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from targets.domain.figures import EXACT
from targets.domain.lineage import Lineage, Succession, least_sure

WHOLE = Decimal(1)
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """How much of an organisation's figures another one has.

    `ratio` None is an unknown share, of which `known` may be a part that is known. `by` are the successions on the way
    that passed on a part.
    """

    ratio: Decimal | None
    known: Decimal
    by: tuple[Succession, ...] = ()
    confidence: str = "confirmed"

    @property
    def estimated(self) -> bool:
        """Say whether what is known of a figure made with it is an estimate."""
        return self.known not in (NOTHING, WHOLE)


ALL = Part(WHOLE, WHOLE)
"""What an organisation has of its own figures."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose figures go into those of another: with what stood below it (`whole`), or less `children`."""

    organisation_id: UUID
    part: Part
    children: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """One way a figure took to somebody standing: None as its end is nobody."""

    end: UUID | None
    ratio: Decimal | None
    by: tuple[Succession, ...]
    confidence: str


class Restating:
    """The figures of all organisations, as those standing on a day have them."""

    def __init__(self, lineage: Lineage, day: date) -> None:
        self.lineage = lineage
        self.day = day
        self._ways: dict[UUID, tuple[_Way, ...]] = {}
        self._sources: dict[UUID, list[Source]] = {}

    def ends(self, own: UUID) -> Mapping[UUID | None, Decimal | None]:
        """Return who standing has which share of an organisation, None while unknown; the key None is nobody."""
        found: dict[UUID | None, Decimal | None] = {}
        for way in self._ways_of(own):
            had = found.get(way.end, NOTHING)
            found[way.end] = None if had is None or way.ratio is None else EXACT.add(had, way.ratio)
        return found

    def part(self, own: UUID, within: frozenset[UUID]) -> Part | None:
        """Return how much of an organisation's own figures those at or below some standing ones have; None is none."""
        ways = self._ways_of(own)
        inside = [way for way in ways if self._lies(way.end, within)]
        if not inside:
            return None
        by = tuple(dict.fromkeys(step for way in inside for step in way.by))
        confidence = least_sure(way.confidence for way in inside)
        if len(inside) == len(ways):
            return Part(WHOLE, WHOLE, (), confidence)
        known = NOTHING
        for way in inside:
            known = EXACT.add(known, way.ratio or NOTHING)
        unknown = any(way.ratio is None for way in inside)
        return Part(None if unknown else known, known, by, confidence)

    def sources(self, own: UUID) -> list[Source]:
        """Return whose figures make up those of one standing organisation with what stands below it.

        An old organisation that went over with all that stood below it is one source, and nothing of it another.
        """
        if own not in self._sources:
            self._sources[own] = self._find_sources(own)
        return self._sources[own]

    def _find_sources(self, own: UUID) -> list[Source]:
        within = frozenset([own])
        parts: dict[UUID, Part] = {}
        for each in self._closure(own):
            part = self.part(each, within)
            if part is not None:
                parts[each] = part
        taken: dict[UUID, bool] = {}

        def whole(body: UUID) -> bool:
            if body not in taken:
                mine = body in parts and parts[body].ratio == WHOLE
                taken[body] = mine and all(whole(child) for child in self.lineage.children(body))
            return taken[body]

        found = []
        for body, part in parts.items():
            above = self.lineage.bodies[body].parent_id
            if above is not None and whole(above):
                continue
            children = () if whole(body) else tuple(self.lineage.children(body))
            found.append(Source(body, part, children))
        return found

    def _closure(self, own: UUID) -> list[UUID]:
        """Return all of which something may have come to one organisation or to what stands below it."""
        waiting = [own]
        seen = dict.fromkeys(waiting)
        while waiting:
            here = waiting.pop()
            near = [step.predecessor_id for step in self.lineage.back(here, self.day)]
            near += [
                child
                for child in self.lineage.children(here)
                if self.lineage.bodies[child].stands_on(self.day) or self.lineage.dissolved(child, self.day)
            ]
            for body in near:
                if body not in seen:
                    seen[body] = None
                    waiting.append(body)
        return list(seen)

    def _lies(self, end: UUID | None, within: frozenset[UUID]) -> bool:
        return end is not None and not within.isdisjoint(self.lineage.bodies[end].path)

    def _ways_of(self, own: UUID) -> tuple[_Way, ...]:
        if own not in self._ways:
            self._ways[own] = tuple(self._find_ways(own))
        return self._ways[own]

    def _find_ways(self, own: UUID) -> list[_Way]:
        body = self.lineage.bodies[own]
        if body.stands_on(self.day):
            return [_Way(own, WHOLE, (), "confirmed")]
        above = body.parent_id
        if above is not None and above in self.lineage.bodies and self.lineage.dissolved(own, self.day):
            # Nobody has it, but it is in the figures of what it stood below, and of whoever took that over.
            return list(self._ways_of(above))
        found = []
        for step in self.lineage.onward(own, self.day):
            by = (step,) if step.kind == "SPLIT" else ()
            for way in self._ways_of(step.successor_id):
                unknown = step.share is None or way.ratio is None
                ratio = None if unknown else EXACT.multiply(step.share or NOTHING, way.ratio or NOTHING)
                found.append(_Way(way.end, ratio, by + way.by, least_sure((step.confidence, way.confidence))))
        return found or [_Way(None, WHOLE, (), "confirmed")]
