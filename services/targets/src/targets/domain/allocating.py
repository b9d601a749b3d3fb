"""Does what is handed down to the units add up to the whole's target? The gap is shown, whichever way it goes.

Counts are added. Rates are no amounts: their mean is taken, each unit weighing as much as its population or its own
denominator, because that is how the whole's rate comes about from theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal
from uuid import UUID

from targets.domain.allocation_refusals import BadAllocation, WrongAllocationMethod

Method = Literal["sum", "by_population", "by_denominator"]
METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "count": ("sum",),
    "ratio": ("by_population", "by_denominator"),
    "yes_no": (),
    "milestone": (),
    "rating": (),
}
"""Which ways of adding up fit a kind. Yes or no is handed down by a target that each unit must reach, not in parts."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation of the reporting kind, and how much it weighs; None where that is not known."""

    id: UUID
    name: str
    valid: bool
    """It stands on the day that counts."""
    reports: bool
    """It is of the kind and level that reports the indicator."""
    population: Decimal | None = None
    denominator: Decimal | None = None

    def weight(self, method: Method) -> Decimal | None:
        """Return how much its rate weighs in the mean; every count weighs the same."""
        if method == "sum":
            return Decimal(1)
        return self.population if method == "by_population" else self.denominator


@dataclass(frozen=True, slots=True)
class Balance:
    """What the parts come to beside the whole; `together` None when the weight of a unit is not known."""

    whole: Decimal
    together: Fraction | None
    gap: Fraction | None
    """The whole less the parts: positive is not handed down to anybody."""
    without: tuple[UUID, ...]
    """Units that report the indicator and were given nothing."""
    weightless: tuple[UUID, ...]
    """Units with a part whose weight is not known."""

    @property
    def adds_up(self) -> bool | None:
        """Say whether the parts come to exactly the whole and nobody was left out."""
        return None if self.gap is None else self.gap == 0 and not self.without


def check_parts(
    kind: str, method: Method, given: Sequence[tuple[UUID, Decimal]], units: Mapping[UUID, Unit], *, whole_numbers: bool
) -> None:
    """Raise WrongAllocationMethod, or BadAllocation with every line that is wrong."""
    if method not in METHODS[kind]:
        raise WrongAllocationMethod
    errors = [
        {"field": f"units.{line}.{field}", "code": code, "vi": vi, "en": en}
        for line, (unit, value) in enumerate(given)
        for field, code, vi, en in _problems(kind, unit, value, given[:line], units, whole_numbers)
    ]
    if errors:
        raise BadAllocation(errors=errors)


def _problems(
    kind: str,
    unit_id: UUID,
    value: Decimal,
    before: Sequence[tuple[UUID, Any]],
    units: Mapping[UUID, Unit],
    whole_numbers: bool,
) -> Iterable[tuple[str, str, str, str]]:
    unit = units.get(unit_id)
    if unit is None:
        yield "organisation_id", "unknown_organisation", "Không có tổ chức này.", "There is no such organisation."
    elif not unit.valid:
        yield (
            "organisation_id", "organisation_not_valid", "Tổ chức này không tồn tại vào ngày áp dụng.",
            "This organisation did not exist on the day that counts.",
        )  # fmt: skip
    elif not unit.reports:
        yield (
            "organisation_id", "organisation_not_expected", "Tổ chức này không báo cáo chỉ tiêu này.",
            "This organisation does not report the indicator.",
        )  # fmt: skip
    if any(unit_id == earlier for earlier, _ in before):
        yield "organisation_id", "twice", "Tổ chức này đã có ở dòng trên.", "This organisation stands above already."
    if value < 0:
        yield "value", "negative", "Số không được âm.", "The number may not be negative."
    if kind == "ratio" and value > 100:
        yield "value", "above_100", "Tỷ lệ không quá 100.", "A rate is at most 100."
    if kind == "count" and whole_numbers and value != value.to_integral_value():
        yield "value", "not_whole", "Cần một số nguyên.", "A whole number is needed."


def left_out(parts: Mapping[UUID, Decimal], units: Mapping[UUID, Unit]) -> tuple[UUID, ...]:
    """Return the units that stand, report the indicator, and were given nothing."""
    return tuple(unit.id for unit in units.values() if unit.valid and unit.reports and unit.id not in parts)


def balance(whole: Decimal, method: Method, parts: Mapping[UUID, Decimal], units: Mapping[UUID, Unit]) -> Balance:
    """Hold the parts against the whole."""
    weights = {unit: units[unit].weight(method) if unit in units else None for unit in parts}
    weightless = tuple(unit for unit, weight in weights.items() if weight is None)
    together = None if weightless else _together(method, parts, weights)
    return Balance(
        whole=whole,
        together=together,
        gap=None if together is None else Fraction(whole) - together,
        without=left_out(parts, units),
        weightless=weightless,
    )


def _together(method: Method, parts: Mapping[UUID, Decimal], weights: Mapping[UUID, Decimal | None]) -> Fraction | None:
    total = sum((Fraction(value) * Fraction(weights[unit] or 0) for unit, value in parts.items()), Fraction(0))
    if method == "sum":
        return total
    weight = sum((Fraction(weights[unit] or 0) for unit in parts), Fraction(0))
    return total / weight if weight else None
