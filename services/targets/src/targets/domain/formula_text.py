"""The formula an indicator is computed by, read from its text.

    formula  = sum
    sum      = product { ("+" | "-") product }
    product  = factor { ("*" | "/") factor }
    factor   = "-" factor | "(" sum ")" | number | term
    term     = indicator code [".numerator" | ".denominator"]

A code takes every letter, digit, "-" and "." it can reach: `A-1` is one code, `A - 1` a subtraction. Reading by hand
because the grammar is this table: no name, call or comparison of a programming language can get in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from targets.domain.formula_refusals import FormulaDividesByZero, FormulaSyntax, FormulaTooLarge

MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 40
MAX_OPERANDS: Final = 200
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,18}(?:\.[0-9]{1,10})?(?![0-9.A-Za-z_]))"
    r"|(?P<term>[A-Za-z][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)*)"
    r"|(?P<sign>[-+*/()]))",
    re.ASCII,
)
_SPACE: Final = " \t\n\r\f\v"
_PARTS: Final = (".numerator", ".denominator")

Part = Literal["value", "numerator", "denominator"]
Sign = Literal["+", "-", "*", "/"]


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Term:
    """A figure of an indicator; `value` is the count itself, or the percentage of a ratio."""

    code: str
    part: Part
    position: int


@dataclass(frozen=True, slots=True)
class Negative:
    """The opposite of something."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands and the sign between them."""

    sign: Sign
    left: "Node"
    right: "Node"
    position: int


Node = Number | Term | Negative | Operation


def parse(text: str) -> Node:
    """Read a formula.

    Raises FormulaSyntax with the position, FormulaTooLarge, and FormulaDividesByZero when a divisor without any
    indicator in it is zero.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaTooLarge
    reader = _Reader(text)
    node = reader.sum(0)
    reader.finish()
    return node


def terms(node: Node) -> Iterator[Term]:
    """Yield every term from left to right, as often as it stands there."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Negative):
        yield from terms(node.operand)
    elif isinstance(node, Operation):
        yield from terms(node.left)
        yield from terms(node.right)


def calculate(sign: Sign, left: Fraction, right: Fraction) -> Fraction:
    """Return the exact result; the divisor must not be zero."""
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left / right


class _Reader:
    """One pass over the tokens; `_kind`, `_token` and `_position` are of the one not yet used."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._operands = 0
        self._kind, self._token, self._position = "", "", 1
        self._next()

    def sum(self, depth: int) -> Node:
        """Read products added and subtracted, from left to right."""
        left = self._product(depth)
        while self._token in ("+", "-"):
            sign: Sign = "+" if self._token == "+" else "-"
            position = self._take()
            left = Operation(sign, left, self._product(depth), position)
        return left

    def finish(self) -> None:
        """Refuse what stands after the formula."""
        if self._kind:
            raise self._refused()

    def _product(self, depth: int) -> Node:
        left = self._factor(depth)
        while self._token in ("*", "/"):
            sign: Sign = "*" if self._token == "*" else "/"
            position = self._take()
            right = self._factor(depth)
            if sign == "/" and constant(right) == 0:
                raise FormulaDividesByZero(position=position)
            left = Operation(sign, left, right, position)
        return left

    def _factor(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise FormulaTooLarge
        if self._token == "-":
            self._take()
            return Negative(self._factor(depth + 1))
        if self._token == "(":
            self._take()
            inner = self.sum(depth + 1)
            if self._token != ")":
                raise self._refused()
            self._take()
            return inner
        return self._operand()

    def _operand(self) -> Node:
        kind, token = self._kind, self._token
        if kind not in ("number", "term"):
            raise self._refused()
        self._operands += 1
        if self._operands > MAX_OPERANDS:
            raise FormulaTooLarge
        position = self._take()
        return Number(Fraction(token)) if kind == "number" else _term(token, position)

    def _take(self) -> int:
        position = self._position
        self._next()
        return position

    def _next(self) -> None:
        rest = self._text[self._end :]
        if not rest.strip(_SPACE):
            self._kind, self._token, self._position = "", "", len(self._text) + 1
            return
        found = _TOKEN.match(self._text, self._end)
        if found is None or found.lastgroup is None:
            self._position = self._end + len(rest) - len(rest.lstrip(_SPACE)) + 1
            raise self._refused()
        self._kind = found.lastgroup
        self._token = found[found.lastgroup]
        self._position = found.start(found.lastgroup) + 1
        self._end = found.end()

    def _refused(self) -> FormulaSyntax:
        return FormulaSyntax(position=self._position)


def _term(token: str, position: int) -> Term:
    for suffix in _PARTS:
        if token.endswith(suffix):
            part: Part = "numerator" if suffix == ".numerator" else "denominator"
            return Term(token.removesuffix(suffix), part, position)
    return Term(token, "value", position)


def constant(node: Node) -> Fraction | None:
    """Return what a formula without indicators is; None when one is in it, or it divides by zero."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negative):
        inner = constant(node.operand)
        return None if inner is None else -inner
    if isinstance(node, Operation):
        left, right = constant(node.left), constant(node.right)
        if left is None or right is None or (node.sign == "/" and right == 0):
            return None
        return calculate(node.sign, left, right)
    return None
