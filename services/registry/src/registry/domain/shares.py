"""How much of something goes to whom in the end, over any number of successions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

Confidence = Literal["confirmed", "inferred", "unconfirmed"]
CONFIDENCES: Final[tuple[Confidence, ...]] = ("confirmed", "inferred", "unconfirmed")
"""From the surest to the least sure; a chain is as sure as its least sure link."""


@dataclass(frozen=True, slots=True)
class Step:
    """One succession; `ratio` is 1 for the whole, and None for a part of unknown size."""

    predecessor_id: UUID
    successor_id: UUID
    happened_on: date
    ratio: Decimal | None
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Portion:
    """What one successor has: the product of the ratios on the way, summed over all ways; None where one is unknown."""

    ratio: Decimal | None
    confidence: Confidence


def portions_on(start: UUID, steps: Iterable[Step], on: date) -> dict[UUID, Portion]:
    """Return who has what of `start` at the end of a day, by following every succession up to that day.

    Whoever passed it on is not among them. What ended without a successor stays with the last that had it.
    """
    onward: dict[UUID, list[Step]] = defaultdict(list)
    for step in steps:
        if step.happened_on <= on:
            onward[step.predecessor_id].append(step)
    held: dict[UUID, Portion] = {start: Portion(Decimal(1), CONFIDENCES[0])}
    last: dict[UUID, Portion] = {}
    while held:
        # The earliest to pass on first: nothing can come to it any more when it does.
        own = min(held, key=lambda each: (onward[each][0].happened_on if onward[each] else date.max, str(each)))
        portion = held.pop(own)
        if not onward[own]:
            last[own] = portion
            continue
        for step in onward[own]:
            held[step.successor_id] = _together(held.get(step.successor_id), _passed(portion, step))
    return last


def _passed(portion: Portion, step: Step) -> Portion:
    ratio = None if portion.ratio is None or step.ratio is None else portion.ratio * step.ratio
    return Portion(ratio, _least(portion.confidence, step.confidence))


def _together(one: Portion | None, other: Portion) -> Portion:
    if one is None:
        return other
    ratio = None if one.ratio is None or other.ratio is None else one.ratio + other.ratio
    return Portion(ratio, _least(one.confidence, other.confidence))


def _least(one: Confidence, other: Confidence) -> Confidence:
    return max(one, other, key=CONFIDENCES.index)
