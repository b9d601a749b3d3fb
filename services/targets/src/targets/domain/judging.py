"""Is the target met? The comparator is data: "trên 74 %" is ">", "từ 02 … trở lên" is ">=".

Rates are compared by cross-multiplying, exactly: 100 × numerator against value × denominator. So 74.00 % of anything
misses "> 74" and the smallest person more reaches it.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from targets.domain.figures import EXACT, Figures, plain

ACHIEVED: Final = "achieved"
MISSED: Final = "missed"
NOT_ASSESSED: Final = "not_assessed"
PERIOD_ENDED: Final = "period_ended"
ON_TRACK: Final = "on_track"
AT_RISK: Final = "at_risk"

COMPARATORS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = MappingProxyType(
    {">": operator.gt, ">=": operator.ge, "=": operator.eq, "<=": operator.le, "<": operator.lt}
)


@dataclass(frozen=True, slots=True)
class Target:
    """One version of a target; `value` None when the text names no figure and none was configured."""

    comparator: str
    value: Decimal | None
    valid_from: date
    valid_to: date | None
    minimum_coverage: Decimal | None = None
    """Percent of the expected units below which the whole is not judged."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the expected units the figures stand for."""

    counted: int
    expected: int

    @property
    def complete(self) -> bool:
        """Say whether nobody is missing."""
        return self.expected > 0 and self.counted >= self.expected


@dataclass(frozen=True, slots=True)
class Judgement:
    """The status, why (a code of `wording.REASONS`), whether it may still change, and the comparison made."""

    status: str
    reason: str
    provisional: bool
    comparison: str | None = None


def judge(
    figures: Figures | None,
    target: Target | None,
    *,
    ratio: bool,
    coverage: Coverage,
    last_day: date,
    today: date,
    ended_before: bool = False,
    counting_methods: int = 1,
) -> Judgement:
    """Judge figures against the target that was valid in the period.

    `ended_before`: the indicator had targets, but the last one ended before this period.
    `counting_methods`: how many ways of counting the summed reports used; sums over two are not judged.
    """
    if target is None:
        return Judgement(*((PERIOD_ENDED, "target_ended") if ended_before else (NOT_ASSESSED, "no_target")), False)
    over = today > last_day
    provisional = not (over and coverage.complete)
    if target.value is None:
        return Judgement(NOT_ASSESSED, "no_figure_in_text", provisional)
    if figures is None or coverage.counted == 0 or (ratio and not figures.denominator):
        return Judgement(NOT_ASSESSED, "nothing_to_judge", provisional)
    if counting_methods > 1:
        return Judgement(NOT_ASSESSED, "counting_methods_mixed", provisional)
    holds, comparison = compare(figures, target.comparator, target.value, ratio=ratio)
    if holds and _only_grows(target, ratio=ratio):
        return Judgement(ACHIEVED, "comparison_holds", provisional, comparison)
    if not _enough(coverage, target.minimum_coverage):
        return Judgement(NOT_ASSESSED, "coverage_too_low", provisional, comparison)
    if not over:
        status, reason = (ON_TRACK, "holds_so_far") if holds else (AT_RISK, "does_not_hold_yet")
    else:
        status, reason = (ACHIEVED, "comparison_holds") if holds else (MISSED, "comparison_fails")
    return Judgement(status, reason, provisional, comparison)


def judge_silence(told: bool) -> Judgement | None:
    """Return the judgement of an indicator whose events no service tells yet; None when somebody does."""
    return None if told else Judgement(NOT_ASSESSED, "source_not_telling", True)


def compare(figures: Figures, comparator: str, value: Decimal, *, ratio: bool) -> tuple[bool, str]:
    """Return whether the comparison holds, and the comparison in figures that can be checked by hand."""
    if ratio and figures.denominator:
        left = EXACT.multiply(Decimal(100), figures.numerator)
        right = EXACT.multiply(value, figures.denominator)
        shown = (
            f"100 × {plain(figures.numerator)} = {plain(left)} {comparator} "
            f"{plain(value)} × {plain(figures.denominator)} = {plain(right)}"
        )
    else:
        left, right = figures.numerator, value
        shown = f"{plain(left)} {comparator} {plain(right)}"
    holds = COMPARATORS[comparator](left, right)
    return holds, f"{shown}: {'đúng' if holds else 'sai'}"


def _only_grows(target: Target, *, ratio: bool) -> bool:
    """A count that has reached "at least" stays reached: missing reports and days can only add to it."""
    return not ratio and target.comparator in (">", ">=")


def _enough(coverage: Coverage, minimum: Decimal | None) -> bool:
    if minimum is None:
        return True
    return Decimal(coverage.counted) * 100 >= EXACT.multiply(minimum, Decimal(coverage.expected))
