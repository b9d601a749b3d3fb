"""Outliers (giá trị bất thường): how far a value lies from others like it, with every number the answer rests on.

    z           (x - mean) / standard deviation of the sample
    modified z  0.6745 (x - median) / MAD, MAD = median of |x_i - median|
Source: Iglewicz, B. and Hoaglin, D. (1993), "How to Detect and Handle Outliers", ASQC: 0.6745, and 3.5 as the limit;
the limits in use are data. The value itself is never among those it is compared with. Nothing can be said without
enough others, or when they do not differ: then there is no score, rather than a score of 0 or infinity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

_SCALE: Final = Decimal("0.6745")
_EXACT: Final = Context(prec=60)
_SHOWN: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class OutlierRule:
    """One way to look for outliers: which score, from where on it counts, and how many others it needs."""

    score: str
    """"z" or "modified_z"."""
    limit: Decimal
    least: int


@dataclass(frozen=True, slots=True)
class Outlier:
    """A value far from the others: `middle` and `spread` are mean and deviation, or median and MAD."""

    score: str
    value: Decimal
    middle: Decimal
    spread: Decimal
    result: Decimal
    limit: Decimal
    others: int


def check_value(value: Decimal, others: Sequence[Decimal], rules: Sequence[OutlierRule]) -> list[Outlier]:
    """Return by which rules a value is an outlier among the others."""
    found = []
    for rule in rules:
        if len(others) < max(rule.least, 2):
            continue
        middle, spread = _deviation(others) if rule.score == "z" else _mad(others)
        if spread == 0:
            continue
        scale = Decimal(1) if rule.score == "z" else _SCALE
        result = _EXACT.divide(_EXACT.multiply(scale, _EXACT.subtract(value, middle)), spread)
        if abs(result) > rule.limit:
            found.append(
                Outlier(
                    score=rule.score,
                    value=_shown(value),
                    middle=_shown(middle),
                    spread=_shown(spread),
                    result=_shown(result),
                    limit=rule.limit,
                    others=len(others),
                )
            )
    return found


def _deviation(others: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    count = Decimal(len(others))
    mean = _EXACT.divide(_sum(others), count)
    squares = _sum([_EXACT.power(_EXACT.subtract(one, mean), 2) for one in others])
    return mean, _EXACT.sqrt(_EXACT.divide(squares, count - 1))


def _mad(others: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    middle = median(others)
    return middle, median([abs(_EXACT.subtract(one, middle)) for one in others])


def median(values: Sequence[Decimal]) -> Decimal:
    """Return the middle value, or the mean of the two in the middle."""
    ordered, half = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[half]
    return _EXACT.divide(_EXACT.add(ordered[half - 1], ordered[half]), Decimal(2))


def _sum(values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _EXACT.add(total, value)
    return total


def _shown(value: Decimal) -> Decimal:
    return value.quantize(_SHOWN, context=_EXACT).normalize() + 0
