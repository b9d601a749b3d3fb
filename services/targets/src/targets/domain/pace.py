"""How fast a target must still be approached, and where the series so far leads.

Required pace      (target - last value) ÷ (days from the last value to the target's date)
Pace so far        (last value - first value) ÷ (days between the two); the first value is the target's baseline
Projection         the straight line of least squares through the series, read at the target's date, with the
                   prediction interval of a new observation: NIST/SEMATECH e-Handbook of Statistical Methods,
                   4.5.2.1 (how new observations are predicted) and 1.3.6.7.2 (critical values of Student's t)

The line and the paces are fractions and decide exactly. The interval needs a square root and a table: it is given to
six decimals and decides nothing; it says whether the decision is sure. Fewer than three points give no line: through
two a line always passes, so nothing would be known of its error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import lcm
from typing import Final

POINTS_NEEDED: Final = 3
CONFIDENCE: Final = 95
SHOWN_DECIMALS: Final = 6
_STEP: Final = Decimal(1).scaleb(-SHOWN_DECIMALS)
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
# Two-sided 95 % (upper 0.975), by degrees of freedom; between two entries the smaller stands, which is the wider.
_T_975: Final = {
    1: "12.706", 2: "4.303", 3: "3.182", 4: "2.776", 5: "2.571", 6: "2.447", 7: "2.365", 8: "2.306", 9: "2.262",
    10: "2.228", 11: "2.201", 12: "2.179", 13: "2.160", 14: "2.145", 15: "2.131", 16: "2.120", 17: "2.110",
    18: "2.101", 19: "2.093", 20: "2.086", 21: "2.080", 22: "2.074", 23: "2.069", 24: "2.064", 25: "2.060",
    26: "2.056", 27: "2.052", 28: "2.048", 29: "2.045", 30: "2.042", 40: "2.021", 60: "2.000", 100: "1.984",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """A value on the last day of its period: a percentage, a count, a share, or a grade."""

    on: date
    value: Fraction


@dataclass(frozen=True, slots=True)
class Pace:
    """What was asked, with every input; `so_far` None when there is only one value."""

    first: Point
    first_is_baseline: bool
    last: Point
    target: Fraction
    due_on: date
    days_left: int
    remaining: Fraction
    required_per_day: Fraction | None
    """None when no day is left."""
    so_far_per_day: Fraction | None
    periods_left: int | None = None
    required_per_period: Fraction | None = None

    @property
    def value_at_due(self) -> Fraction | None:
        """What the value would be at the target's date if the pace so far were kept; None without two values."""
        if self.so_far_per_day is None:
            return None
        return self.last.value + self.so_far_per_day * self.days_left


@dataclass(frozen=True, slots=True)
class Projection:
    """The value the line has at the target's date, and between which values a new observation would lie."""

    on: date
    value: Fraction
    low: Decimal
    high: Decimal
    per_day: Fraction
    points: int
    t: Decimal


def pace(
    series: Sequence[Point],
    target: Fraction,
    due_on: date,
    *,
    baseline: Point | None = None,
    periods_left: int | None = None,
) -> Pace | None:
    """Return the required pace and the pace so far; None without any value."""
    known = sorted(series, key=lambda point: point.on)
    if not known:
        return None
    last = known[-1]
    first = baseline if baseline is not None and baseline.on < last.on else known[0]
    days_left = max((due_on - last.on).days, 0)
    passed = (last.on - first.on).days
    remaining = target - last.value
    return Pace(
        first=first,
        first_is_baseline=first is baseline,
        last=last,
        target=target,
        due_on=due_on,
        days_left=days_left,
        remaining=remaining,
        required_per_day=remaining / days_left if days_left else None,
        so_far_per_day=(last.value - first.value) / passed if passed else None,
        periods_left=periods_left,
        required_per_period=remaining / periods_left if periods_left else None,
    )


def project(series: Sequence[Point], on: date) -> Projection | None:
    """Return where the least-squares line of the series stands on a day; None with fewer than three values."""
    known = sorted(series, key=lambda point: point.on)
    if len(known) < POINTS_NEEDED:
        return None
    number = len(known)
    # Over one denominator the sums are of whole numbers: exact, and dozens of times cheaper than of fractions.
    unit = lcm(*(point.value.denominator for point in known))
    values = [point.value.numerator * (unit // point.value.denominator) for point in known]
    days = [(point.on - known[0].on).days for point in known]
    spread = _product(days, days)
    if spread == 0:
        return None
    together = _product(days, values)
    per_day = Fraction(together, spread * unit)
    ahead = (on - known[0].on).days - Fraction(sum(days), number)
    value = Fraction(sum(values), number * unit) + per_day * ahead
    left_over = Fraction(_product(values, values) * spread - together**2, spread * number * unit**2)
    variance = left_over / (number - 2) * (1 + Fraction(1, number) + ahead * ahead * number / spread)
    t = student_t(number - 2)
    width = _CONTEXT.multiply(t, _CONTEXT.sqrt(_decimal(variance)))
    return Projection(
        on=on,
        value=value,
        low=_CONTEXT.subtract(_decimal(value), width).quantize(_STEP, context=_CONTEXT),
        high=_CONTEXT.add(_decimal(value), width).quantize(_STEP, context=_CONTEXT),
        per_day=per_day,
        points=number,
        t=t,
    )


def student_t(degrees: int) -> Decimal:
    """Return the critical value of Student's t, two-sided 95 %, for at least one degree of freedom."""
    return Decimal(_T_975[max(known for known in _T_975 if known <= degrees)])


def shown(value: Fraction) -> Decimal:
    """Return a fraction for people to read: six decimals, half to even."""
    return _decimal(value).quantize(_STEP, context=_CONTEXT)


def _product(left: Sequence[int], right: Sequence[int]) -> int:
    """Return n times the sum of products of the deviations from the two means."""
    return len(left) * sum(a * b for a, b in zip(left, right, strict=True)) - sum(left) * sum(right)


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
