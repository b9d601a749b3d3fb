"""What a formula comes to, exactly; which formulas depend on which; and in which order they are recalculated.

Figures are fractions of whole numbers until the end; only a result that no ten decimals can hold is rounded
(half to even), and then the trace says so. A formula without a value says why; it is never taken for zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Final

from targets.domain.figures import Figures
from targets.domain.formula_refusals import FormulaCycle
from targets.domain.formula_text import Negative, Node, Number, Operation, Term, calculate, parse, terms

DECIMALS: Final = 10
_LIMIT: Final = 10**18
_STEP: Final = Decimal(1).scaleb(-DECIMALS)
_STORING: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class NoValue:
    """Why a formula has no value: a code of `wording.NO_VALUE`, and the term or sign at fault."""

    reason: str
    code: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A result as a figure of ten decimals."""

    value: Decimal
    exact: bool


Lookup = Callable[[Term], Fraction | NoValue]


@dataclass(frozen=True, slots=True)
class Formula:
    """The formulas of one indicator, read."""

    numerator: Node
    denominator: Node | None

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every term of both parts."""
        below = () if self.denominator is None else tuple(terms(self.denominator))
        return (*terms(self.numerator), *below)

    @property
    def codes(self) -> frozenset[str]:
        """The indicators it is computed from."""
        return frozenset(term.code for term in self.terms)


@lru_cache(maxsize=1024)
def read_formula(numerator: str, denominator: str | None) -> Formula:
    """Read both texts; raises what `formula_text.parse` raises."""
    return Formula(parse(numerator), None if denominator is None else parse(denominator))


def evaluate(node: Node, lookup: Lookup) -> Fraction | NoValue:
    """Return the exact value; the leftmost missing term or division by zero when there is none."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Term):
        return lookup(node)
    if isinstance(node, Negative):
        inner = evaluate(node.operand, lookup)
        return inner if isinstance(inner, NoValue) else -inner
    return _operation(node, lookup)


def _operation(node: Operation, lookup: Lookup) -> Fraction | NoValue:
    left = evaluate(node.left, lookup)
    if isinstance(left, NoValue):
        return left
    right = evaluate(node.right, lookup)
    if isinstance(right, NoValue):
        return right
    if node.sign == "/" and right == 0:
        return NoValue("division_by_zero", position=node.position)
    return calculate(node.sign, left, right)


def part_of(term: Term, figures: Figures | None, *, rating: bool = False) -> Fraction | NoValue:
    """Return the figure a term names.

    Without a part: the number of a count, the percentage of a ratio, the mean grade of a rating.
    """
    if figures is None:
        return NoValue("missing_input", term.code, term.position)
    if term.part == "numerator" or (term.part == "value" and figures.denominator is None):
        return Fraction(figures.numerator)
    if figures.denominator is None:
        return NoValue("no_denominator", term.code, term.position)
    if term.part == "denominator":
        return Fraction(figures.denominator)
    if figures.denominator == 0:
        return NoValue("division_by_zero", term.code, term.position)
    share = Fraction(figures.numerator) / Fraction(figures.denominator)
    return share if rating else 100 * share


def stored(value: Fraction) -> Stored | NoValue:
    """Return a result as it is stored; a negative one or one of more than 18 digits is no figure."""
    if value < 0:
        return NoValue("negative")
    if value >= _LIMIT:
        return NoValue("too_large")
    rounded = _STORING.divide(Decimal(value.numerator), Decimal(value.denominator)).quantize(_STEP, context=_STORING)
    return Stored(rounded, Fraction(rounded) == value)


def in_order(dependencies: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the indicators so that each stands after everything it is computed from; always in the same order.

    Raises FormulaCycle, which names one cycle.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for code in sorted(dependencies):
        sorter.add(code, *sorted(dependencies[code] & dependencies.keys()))
    try:
        sorter.prepare()
    except CycleError as found:
        raise FormulaCycle(cycle=" → ".join(_shown(found.args[1]))) from None
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.extend(ready)
        sorter.done(*ready)
    return ordered


def _shown(cycle: list[str]) -> list[str]:
    """Turn a cycle so that it reads "computed from" and begins with its first code, whoever found it."""
    ring = cycle[:0:-1]
    first = ring.index(min(ring))
    turned = ring[first:] + ring[:first]
    return [*turned, turned[0]]


def dependants(changed: frozenset[str], dependencies: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return every indicator that is computed, directly or through others, from one of `changed`."""
    found: set[str] = set()
    reached = set(changed)
    while True:
        new = {code for code, sources in dependencies.items() if code not in found and sources & reached}
        if not new:
            return frozenset(found)
        found |= new
        reached |= new
