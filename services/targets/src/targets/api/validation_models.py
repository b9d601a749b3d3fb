"""What is sent and said about validation rules, and what they and the limits of outliers find."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field
from sqlalchemy import Row

from servicekit.text import Answer, ApiModel, Code, Exact, Flag, LegalDate, SafeLine, SafeText, Uuid
from targets.actions.change_rule import RuleTerms
from targets.domain.outliers import Outlier
from targets.domain.validation import Violation

Field_ = Literal["numerator", "denominator", "rate"]
Operator = Literal["<=", "<", "=", ">", ">="]
Importance = Literal["error", "warning"]
PeriodKindWord = Literal["month", "quarter", "half", "year"]


class TermBody(ApiModel):
    """A field of an indicator's figures, times a factor; `before` means the period before."""

    indicator_code: Code
    field: Field_
    factor: Exact = Decimal(1)
    before: Flag = False


class RuleBody(ApiModel):
    """A rule that has to hold: exactly one of `right` and `constant`. `source` says where it comes from."""

    name_vi: SafeLine
    name_en: SafeLine
    left: TermBody
    operator: Operator
    right: TermBody | None = None
    constant: Exact | None = None
    importance: Importance
    period_kinds: Annotated[list[PeriodKindWord], Field(min_length=1, max_length=4)]
    text_vi: SafeText
    text_en: SafeText
    source: SafeLine
    active_from: LegalDate
    active_to: LegalDate | None = None

    def terms(self) -> RuleTerms:
        """Return the rule as it is stored."""
        left, right = self.left, self.right
        return RuleTerms(
            name_vi=self.name_vi,
            name_en=self.name_en,
            left_indicator=left.indicator_code,
            left_field=left.field,
            left_factor=left.factor,
            left_before=left.before,
            operator=self.operator,
            right_indicator=None if right is None else right.indicator_code,
            right_field=None if right is None else right.field,
            right_factor=None if right is None else right.factor,
            right_before=None if right is None else right.before,
            right_constant=self.constant,
            importance=self.importance,
            period_kinds=sorted(set(self.period_kinds)),
            text_vi=self.text_vi,
            text_en=self.text_en,
            source=self.source,
            active_from=self.active_from,
            active_to=self.active_to,
        )


class NewRuleBody(RuleBody):
    """A new rule under a code of its own."""

    code: Code


class TermAnswer(Answer):
    """One side of a rule."""

    indicator_code: str
    field: str
    factor: Exact
    before: bool


class RuleAnswer(Answer):
    """A validation rule; what no authority asked for has the confidence "proposed"."""

    id: Uuid
    code: str
    name_vi: str
    name_en: str
    left: TermAnswer
    operator: str
    right: TermAnswer | None
    constant: Exact | None
    importance: Importance
    period_kinds: list[str]
    text_vi: str
    text_en: str
    source: str
    confidence: str
    active_from: LegalDate
    active_to: LegalDate | None
    version: int

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored rule."""
        plain = (set(cls.model_fields) - {"left", "right", "constant"}) & set(row._fields)
        return cls(
            **{name: getattr(row, name) for name in plain},
            left=_side(row, "left"),
            right=None if row.right_indicator is None else _side(row, "right"),
            constant=row.right_constant,
        )


def _side(row: Row[Any], side: str) -> TermAnswer:
    return TermAnswer(
        indicator_code=getattr(row, f"{side}_indicator"),
        field=getattr(row, f"{side}_field"),
        factor=getattr(row, f"{side}_factor"),
        before=getattr(row, f"{side}_before"),
    )


class ViolationAnswer(Answer):
    """A rule that does not hold, with the two numbers compared."""

    rule: str
    importance: str
    left: Exact
    operator: str
    right: Exact
    vi: str
    en: str

    @classmethod
    def of(cls, found: Violation) -> Self:
        """Show a violation."""
        return cls(
            rule=found.rule,
            importance=found.importance,
            left=found.left,
            operator=found.operator,
            right=found.right,
            vi=found.text_vi,
            en=found.text_en,
        )


class OutlierAnswer(Answer):
    """A value far from others: its score, and what the score was computed from."""

    compared_with: Literal["own_past", "other_units"]
    score: Literal["z", "modified_z"]
    value: Exact
    middle: Exact
    spread: Exact
    result: Exact
    limit: Exact
    others: int

    @classmethod
    def of(cls, compared_with: str, found: Outlier) -> Self:
        """Show an outlier."""
        return cls.model_validate(
            {
                "compared_with": compared_with,
                **{name: getattr(found, name) for name in cls.model_fields if name != "compared_with"},
            }
        )


class FindingAnswer(Answer):
    """A report of which a rule does not hold, or that lies far from others."""

    report_id: Uuid
    indicator_code: str
    organisation_id: Uuid
    organisation_name: str
    status: str
    numerator: Exact
    denominator: Exact | None
    note: str | None
    violations: list[ViolationAnswer]
    outliers: list[OutlierAnswer]
