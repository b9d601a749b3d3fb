"""Formulas and traces: what is sent and what is answered."""

from typing import Annotated, Any, Literal, Self

from sqlalchemy import Row

from servicekit.text import Answer, ApiModel, Exact, Instant, LegalDate, SafeLine, Text, Uuid
from targets.actions.set_formula import current_number
from targets.domain.formula_text import MAX_LENGTH
from targets.domain.wording import NO_VALUE

FormulaText = Annotated[str, Text(max_length=MAX_LENGTH, lines=True)]


class FormulaBody(ApiModel):
    """A new version of a formula: indicator codes with + - * / and brackets."""

    numerator: FormulaText
    denominator: FormulaText | None = None
    applies_from: LegalDate
    decision: SafeLine
    decided_on: LegalDate


class FormulaAnswer(Answer):
    """The newest formula of an indicator; `version` 0 and null where none was set yet."""

    indicator_code: str
    version: int
    numerator: str | None
    denominator: str | None
    applies_from: LegalDate | None
    decision: str | None
    decided_on: LegalDate | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show an indicator's newest formula; one that came with the resolution was decided by it."""
        if row.number is None:
            loaded = row.formula or {}
            return cls(
                indicator_code=row.code,
                version=current_number(row),
                numerator=loaded.get("numerator"),
                denominator=loaded.get("denominator"),
                applies_from=None,
                decision=row.instrument if loaded else None,
                decided_on=row.issued_on if loaded else None,
            )
        return cls(
            indicator_code=row.code,
            version=row.number,
            numerator=row.numerator,
            denominator=row.denominator,
            applies_from=row.applies_from,
            decision=row.decision,
            decided_on=row.decided_on,
        )


class FormulaVersionAnswer(Answer):
    """One version of a formula, with the decision that set it."""

    number: int
    numerator: str
    denominator: str | None
    applies_from: LegalDate
    decision: str
    decided_on: LegalDate
    set_at: Instant


class UsedFormula(Answer):
    """The formula a figure was computed by, as it stood then."""

    numerator: str
    denominator: str | None
    version: int


class UsedRow(Answer):
    """One stored figure an input was taken from; `told` counts its changes, null where it was computed itself."""

    period: str
    numerator: str | None
    denominator: str | None
    told: int | None


class UsedInput(Answer):
    """What one indicator contributed; `missing_periods` had no figures and are not zero."""

    indicator: str
    period: str
    time_aggregation: Literal["sum", "last"] | None
    numerator: str | None
    denominator: str | None
    counted: int
    expected: int
    missing_periods: list[str]
    rows: list[UsedRow]


class WithoutValue(Answer):
    """Why a formula has no value."""

    reason: str
    reason_vi: str
    reason_en: str
    code: str | None
    position: int | None


class UsedReport(Answer):
    """An approved report behind a sum."""

    id: Uuid
    organisation_id: Uuid
    organisation_name: str
    numerator: Exact
    denominator: Exact | None
    counting_method: str
    approved_on: LegalDate | None
    version: int


class TraceAnswer(Answer):
    """A figure down to what it was made of: reports, counted events, or other indicators by a formula."""

    indicator_code: str
    source: Literal["reports", "feedback_events", "oversight_events", "formula"]
    period: str
    organisation_id: Uuid | None
    numerator: Exact | None
    denominator: Exact | None
    counted: int
    expected: int
    population_counted: Exact | None
    population_expected: Exact | None
    told: int
    computed_at: Instant
    formula: UsedFormula | None
    exact: bool
    """False where a result was rounded to ten decimals."""
    inputs: list[UsedInput]
    no_value: WithoutValue | None
    reports: list[UsedReport]
    reports_not_shown: int
    """Approved reports in the sum that the caller may not see."""

    @classmethod
    def of(cls, row: Row[Any], reports: list[Row[Any]]) -> Self:
        """Show a stored figure with its trace."""
        trace = row.trace if row.source == "formula" and row.trace else {}
        reported = row.source == "reports"
        return cls(
            indicator_code=row.code,
            source=row.source,
            period=row.period,
            organisation_id=row.organisation_id,
            numerator=row.numerator,
            denominator=row.denominator,
            counted=row.counted,
            expected=row.expected,
            population_counted=row.population_counted,
            population_expected=row.population_expected,
            told=row.told,
            computed_at=row.computed_at,
            formula=UsedFormula(**trace["formula"]) if trace else None,
            exact=trace.get("exact", True),
            inputs=[UsedInput(**found) for found in trace.get("inputs", [])],
            no_value=_without(trace.get("no_value")),
            reports=[UsedReport.model_validate(report) for report in reports],
            reports_not_shown=max(row.counted - len(reports), 0) if reported else 0,
        )


def _without(found: dict[str, Any] | None) -> WithoutValue | None:
    if found is None:
        return None
    vi, en = NO_VALUE[found["reason"]]
    return WithoutValue(**found, reason_vi=vi.format(**found), reason_en=en.format(**found))
