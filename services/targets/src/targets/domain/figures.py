"""Figures of a report and their sums: exact decimals, never a rate that was rounded on the way.

A rate of the city is the sum of numerators over the sum of denominators. The mean of the units' rates is another
number (small units would weigh as much as large ones) and is computed nowhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from typing import Any, Final

from targets.domain.refusals import BadFigures

EXACT: Final = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])
"""Arithmetic that raises rather than round: 200 digits hold every product of two stored figures."""
_ROUNDING: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)
KINDS: Final = ("ratio", "count", "yes_no", "milestone", "rating")
GRADES: Final = (1, 4)
"""The lowest and the highest grade of a rating."""
RATE_DECIMALS: Final = 6
_SPAN: Final = {"yes_no": (0, 1), "milestone": (0, 1), "rating": GRADES}
_RATE_STEP: Final = Decimal(1).scaleb(-RATE_DECIMALS)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted: a part and the whole it is part of, or for a count only the number."""

    numerator: Decimal
    denominator: Decimal | None = None
    breakdown: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FigureRule:
    """What an indicator's figures must be like; data of the indicator."""

    kind: str
    """One of KINDS."""
    whole_numbers: bool
    """True for persons and organisations."""
    categories: tuple[str, ...] = ()
    """What a breakdown may name, as `category` or `dimension.category`; each dimension adds up to the numerator."""


def check_figures(figures: Figures, rule: FigureRule) -> None:
    """Raise BadFigures with every broken rule: negative, above the whole, missing, or not adding up."""
    errors = [*_signs_and_parts(figures, rule), *_bounds(figures, rule), *_breakdown(figures, rule)]
    if errors:
        raise BadFigures(errors=errors)


def _signs_and_parts(figures: Figures, rule: FigureRule) -> Iterable[dict[str, Any]]:
    for name, value in (("numerator", figures.numerator), ("denominator", figures.denominator)):
        if value is None:
            continue
        if value < 0:
            yield _problem(name, "negative", "Số không được âm.", "The number may not be negative.")
        whole = rule.whole_numbers or rule.kind in _SPAN
        if whole and value != value.to_integral_value():
            yield _problem(name, "not_whole", "Cần một số nguyên.", "A whole number is needed.")


def _bounds(figures: Figures, rule: FigureRule) -> Iterable[dict[str, Any]]:
    whole = figures.denominator
    lowest, highest = _SPAN.get(rule.kind, (None, None))
    if lowest is not None and highest is not None and not lowest <= figures.numerator <= highest:
        yield _problem(
            "numerator",
            "out_of_range",
            f"Cần một số từ {lowest} đến {highest}.",
            f"A number from {lowest} to {highest} is needed.",
        )
    if rule.kind != "ratio":
        if whole is not None:
            yield _problem(
                "denominator",
                "not_used",
                "Chỉ tiêu loại này không có mẫu số.",
                "An indicator of this kind has no denominator.",
            )
    elif whole is None:
        yield _problem("denominator", "missing", "Thiếu mẫu số.", "The denominator is missing.")
    elif whole == 0:
        yield _problem(
            "denominator",
            "zero",
            "Mẫu số bằng 0 thì không tính được tỷ lệ.",
            "No rate exists over a denominator of 0.",
        )
    elif figures.numerator > whole:
        yield _problem(
            "numerator",
            "above_denominator",
            "Tử số lớn hơn mẫu số.",
            "The numerator is larger than the denominator.",
        )


def _breakdown(figures: Figures, rule: FigureRule) -> Iterable[dict[str, Any]]:
    for name, value in figures.breakdown.items():
        if name not in rule.categories:
            yield _problem("breakdown", "unknown_category", "Không có loại này.", "There is no such category.")
        if value < 0 or (rule.whole_numbers and value != value.to_integral_value()):
            yield _problem("breakdown", "bad_number", "Cần số nguyên không âm.", "A whole number from 0 is needed.")
    dimensions: dict[str, list[Decimal]] = {}
    for name, value in figures.breakdown.items():
        dimensions.setdefault(name.rpartition(".")[0], []).append(value)
    if any(add(values) != figures.numerator for values in dimensions.values()):
        yield _problem(
            "breakdown",
            "does_not_add_up",
            "Tổng các loại khác với tử số.",
            "The categories do not add up to the numerator.",
        )


def _problem(name: str, code: str, vi: str, en: str) -> dict[str, Any]:
    return {"field": name, "code": code, "vi": vi, "en": en}


def is_ratio(kind: str) -> bool:
    """Say whether the figures of this kind, summed over units, are a share: of persons, or of units that said yes."""
    return kind in ("ratio", "yes_no", "milestone")


def as_counted(figures: Figures, kind: str) -> Figures:
    """Return what one unit's figures add to a sum: a yes is one of one unit, a grade is one of its grade."""
    if kind in ("yes_no", "milestone"):
        return Figures(figures.numerator, Decimal(1), figures.breakdown)
    if kind == "rating":
        return Figures(figures.numerator, Decimal(1), {f"grade.{int(figures.numerator)}": Decimal(1)})
    return figures


def add(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def roll_up(parts: Iterable[Figures]) -> Figures:
    """Return the figures of the whole: numerators and denominators added apart, breakdowns category by category."""
    given = list(parts)
    denominators = [part.denominator for part in given if part.denominator is not None]
    categories = {name for part in given for name in part.breakdown}
    return Figures(
        numerator=add(part.numerator for part in given),
        denominator=add(denominators) if denominators else None,
        breakdown={
            name: add(part.breakdown[name] for part in given if name in part.breakdown) for name in sorted(categories)
        },
    )


def rate(figures: Figures) -> Decimal | None:
    """Return the percentage for people to read, rounded to six decimals; None without a denominator above 0.

    Judging never uses it: 73.9999999 % must not become 74 on the way.
    """
    if figures.denominator is None or figures.denominator == 0:
        return None
    exact = _ROUNDING.divide(EXACT.multiply(figures.numerator, Decimal(100)), figures.denominator)
    return exact.quantize(_RATE_STEP, context=_ROUNDING)


def rate_is_exact(figures: Figures) -> bool:
    """Say whether `rate` lost nothing by rounding."""
    shown = rate(figures)
    if shown is None or figures.denominator is None:
        return True
    return EXACT.multiply(shown, figures.denominator) == EXACT.multiply(figures.numerator, Decimal(100))


def plain(value: Decimal) -> str:
    """Write a number without exponent and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
