"""Which number of an indicator is held against the target, by its kind.

ratio       100 × Σ numerators ÷ Σ denominators
count       the number itself
yes_no, milestone   the share of units that answered yes, in percent: one unit is 100 or 0
rating      the median grade; grades are an order, not amounts, so their mean is judged only where the target version
            says so (counting method `mean_grade`)
"""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from targets.domain.figures import EXACT, Figures, plain

COMPARATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {">": operator.gt, ">=": operator.ge, "=": operator.eq, "<=": operator.le, "<": operator.lt}
)
GRADES: Final = (1, 2, 3, 4)
MEAN_GRADE: Final = "mean_grade"


class Measure(StrEnum):
    """The number that is judged."""

    SHARE = "share"
    NUMBER = "number"
    MEDIAN = "median_grade"
    MEAN = "mean_grade"


def measure_of(kind: str, counting_method: str | None = None) -> Measure:
    """Return what is judged of an indicator of this kind, under a target version that counts this way."""
    if kind == "count":
        return Measure.NUMBER
    if kind == "rating":
        return Measure.MEAN if counting_method == MEAN_GRADE else Measure.MEDIAN
    return Measure.SHARE


def measured(figures: Figures, measure: Measure) -> Fraction | None:
    """Return the number that is judged, exactly; None where the figures do not give it."""
    if measure is Measure.NUMBER:
        return Fraction(figures.numerator)
    if measure is Measure.MEDIAN:
        grade = median_grade(figures)
        return None if grade is None else Fraction(grade)
    whole = Decimal(1) if figures.denominator is None else figures.denominator
    if whole == 0:
        return None
    share = Fraction(figures.numerator) / Fraction(whole)
    return share if measure is Measure.MEAN else 100 * share


def median_grade(figures: Figures) -> int | None:
    """Return the middle grade, of an even number the lower of the two middle ones; None without the distribution.

    The lower one, because then at least half of the units have this grade or a better one, and it is a grade that
    somebody was given.
    """
    if figures.denominator is None:
        return int(figures.numerator) if figures.numerator in GRADES else None
    given = distribution(figures)
    number = sum(given.values())
    if number == 0 or number != figures.denominator:
        return None
    below = 0
    for grade in GRADES:
        below += given[grade]
        if 2 * below >= number:
            return grade
    return None


def distribution(figures: Figures) -> dict[int, int]:
    """Return how many units were given each grade."""
    return {grade: int(figures.breakdown.get(f"grade.{grade}", Decimal(0))) for grade in GRADES}


def compare(figures: Figures, comparator: str, value: Decimal, *, measure: Measure) -> tuple[bool, str] | None:
    """Return whether the comparison holds, and the comparison in figures that can be checked by hand.

    Rates and means are compared by cross-multiplying, so nothing is rounded. None where the figures give no number.
    """
    whole = Decimal(1) if figures.denominator is None else figures.denominator
    if measured(figures, measure) is None:
        return None
    if measure is Measure.SHARE:
        left = EXACT.multiply(Decimal(100), figures.numerator)
        right = EXACT.multiply(value, whole)
        shown = (
            f"100 × {plain(figures.numerator)} = {plain(left)} {comparator} "
            f"{plain(value)} × {plain(whole)} = {plain(right)}"
        )
    elif measure is Measure.MEAN:
        left, right = figures.numerator, EXACT.multiply(value, whole)
        shown = f"{plain(left)} {comparator} {plain(value)} × {plain(whole)} = {plain(right)}"
    elif measure is Measure.MEDIAN:
        left, right = Decimal(median_grade(figures) or 0), value
        spread = ", ".join(f"{grade}: {number}" for grade, number in distribution(figures).items())
        shown = f"trung vị ({spread}) = {plain(left)} {comparator} {plain(value)}"
    else:
        left, right = figures.numerator, value
        shown = f"{plain(left)} {comparator} {plain(right)}"
    holds = COMPARATORS[comparator](left, right)
    return holds, f"{shown}: {'đúng' if holds else 'sai'}"
