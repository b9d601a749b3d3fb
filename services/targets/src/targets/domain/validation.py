"""Validation rules (quy tắc kiểm tra): what figures say about each other, as data and never as a program.

    left  (indicator, field) × factor   ≤ < = > ≥   right: another indicator's field × factor,
                                                           a constant, or the same field a period before × factor

An operand that is not there makes no violation: missing is not zero. All comparing is exact (fractions of integers).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import eq, ge, gt, le, lt
from types import MappingProxyType
from typing import Final

from targets.domain.figures import Figures

FIELDS: Final = ("numerator", "denominator", "rate")
ERROR: Final = "error"
WARNING: Final = "warning"
OPERATORS: Final[Mapping[str, Callable[[Fraction, Fraction], bool]]] = MappingProxyType(
    {"<=": le, "<": lt, "=": eq, ">": gt, ">=": ge}
)
_SHOWN_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Term:
    """A field of an indicator's figures, times a factor; `before` is the period before this one."""

    indicator: str
    field: str
    factor: Decimal = Decimal(1)
    before: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that has to hold; `right` is another term or a constant."""

    code: str
    importance: str
    left: Term
    operator: str
    right: Term | Decimal
    period_kinds: tuple[str, ...]
    text_vi: str
    text_en: str
    active_from: date
    active_to: date | None

    @property
    def terms(self) -> tuple[Term, ...]:
        """Return the terms it reads."""
        return (self.left, self.right) if isinstance(self.right, Term) else (self.left,)

    def concerns(self, indicator: str) -> bool:
        """Say whether the figures of this indicator and of its own period are read by it."""
        return any(term.indicator == indicator and not term.before for term in self.terms)

    def applies(self, kind: str, last_day: date) -> bool:
        """Say whether it is asked of periods of this kind that end on this day."""
        ended = self.active_to is not None and self.active_to < last_day
        return kind in self.period_kinds and self.active_from <= last_day and not ended


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold, with the two numbers that were compared (rounded to be read, not to be compared)."""

    rule: str
    importance: str
    left: Decimal
    operator: str
    right: Decimal
    text_vi: str
    text_en: str


Lookup = Callable[[str, bool], Figures | None]
"""(indicator, the period before?) → the figures of the same organisation, None when there are none."""


def check_value(rule: Rule, lookup: Lookup) -> Violation | None:
    """Return the violation of one rule by the figures looked up, or None."""
    left = _value(rule.left, lookup)
    right = _value(rule.right, lookup) if isinstance(rule.right, Term) else Fraction(rule.right)
    if left is None or right is None or OPERATORS[rule.operator](left, right):
        return None
    return Violation(rule.code, rule.importance, _shown(left), rule.operator, _shown(right), rule.text_vi, rule.text_en)


def check_all(rules: Iterable[Rule], indicator: str, kind: str, last_day: date, lookup: Lookup) -> list[Violation]:
    """Return every violation in which the figures of this indicator take part."""
    asked = (rule for rule in rules if rule.concerns(indicator) and rule.applies(kind, last_day))
    return [found for rule in asked if (found := check_value(rule, lookup)) is not None]


def _value(term: Term, lookup: Lookup) -> Fraction | None:
    figures = lookup(term.indicator, term.before)
    value = None if figures is None else field_of(figures, term.field)
    return None if value is None else value * Fraction(term.factor)


def field_of(figures: Figures, field: str) -> Fraction | None:
    """Return a field exactly; a rate is a percentage, and there is none over a denominator of 0."""
    if field == "numerator":
        return Fraction(figures.numerator)
    if figures.denominator is None:
        return None
    if field == "denominator":
        return Fraction(figures.denominator)
    return None if figures.denominator == 0 else Fraction(figures.numerator) * 100 / Fraction(figures.denominator)


def _shown(value: Fraction) -> Decimal:
    return Decimal(round(value * 10**_SHOWN_DECIMALS)).scaleb(-_SHOWN_DECIMALS).normalize() + 0
