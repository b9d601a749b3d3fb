"""May this formula be set? Asked before anything is stored, also by whoever loads a resolution as data."""

from collections.abc import Mapping
from dataclasses import replace

from targets.domain.formula_refusals import (
    FormulaPartMissing,
    FormulaPeriodTooShort,
    FormulaUnknownIndicator,
    FormulaWithoutIndicator,
)
from targets.domain.formulas import Formula
from targets.domain.periods import PeriodKind
from targets.domain.recalculation import FormulaIndicator, Formulas, FormulaVersion, check_for_cycles, feeds


def check_formula(
    indicator: FormulaIndicator,
    version: FormulaVersion,
    *,
    shortest: Mapping[str, PeriodKind],
    formulas: Formulas,
) -> None:
    """Check a new version of an indicator's formula against everything that is known.

    `shortest`: every indicator with the shortest kind of period it has figures of. `formulas`: all that are set.
    Raises FormulaSyntax, FormulaTooLarge, FormulaDividesByZero, FormulaPartMissing, FormulaWithoutIndicator,
    FormulaUnknownIndicator, FormulaPeriodTooShort and FormulaCycle.
    """
    formula = version.formula
    _check_parts(indicator, formula)
    for term in formula.terms:
        kind = shortest.get(term.code)
        if kind is None:
            raise FormulaUnknownIndicator(position=term.position)
        if not feeds(kind, indicator.period_kind):
            raise FormulaPeriodTooShort(position=term.position)
    changed = replace(indicator, versions=(*indicator.versions, version))
    check_for_cycles({**formulas, indicator.code: changed})


def _check_parts(indicator: FormulaIndicator, formula: Formula) -> None:
    if (indicator.kind == "count") is not (formula.denominator is None):
        raise FormulaPartMissing
    if not formula.terms:
        raise FormulaWithoutIndicator
