"""What is said about an indicator and about how far it is reached."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from sqlalchemy import Row

from servicekit.text import Answer, Exact, LegalDate, Uuid
from targets.api.shared_answers import (
    CategoryAnswer,
    JudgementFields,
    OpenQuestion,
    TargetAnswer,
    categories,
    judgement_fields,
    open_questions,
)
from targets.domain.figures import plain, rate, rate_is_exact
from targets.domain.judging import Judgement, Target
from targets.domain.periods import Period
from targets.queries.indicators import Totals, as_target


class TargetVersionAnswer(TargetAnswer):
    """One version of a target, with the decision that set it."""

    number: int
    aggregation_scope: str
    counting_method: str
    decision: str
    decided_on: LegalDate

    @classmethod
    def of_row(cls, row: Row[Any]) -> Self:
        """Show a stored version."""
        target = as_target(row)
        assert target is not None
        return cls(
            **TargetAnswer.of(target).model_dump(),
            number=row.number,
            aggregation_scope=row.aggregation_scope,
            counting_method=row.counting_method,
            decision=row.decision,
            decided_on=row.decided_on,
        )


class IndicatorAnswer(Answer):
    """An indicator with the resolution's exact words."""

    id: Uuid
    code: str
    name_vi: str
    name_en: str
    instrument: str
    issued_on: LegalDate
    clause: str
    quote: str
    kind: Literal["ratio", "count", "yes_no", "milestone", "rating"]
    unit: str
    direction: Literal["higher", "lower"]
    numerator_vi: str
    numerator_en: str
    denominator_vi: str | None
    denominator_en: str | None
    responsible_vi: str
    source: Literal["reports", "feedback_events", "oversight_events", "formula"]
    period_kind: str
    categories: list[str]
    targets: list[TargetVersionAnswer]
    open_questions: list[OpenQuestion]

    @classmethod
    def of(cls, row: Row[Any], targets: Sequence[Row[Any]]) -> Self:
        """Show a stored indicator with all versions of its target."""
        own = {name: getattr(row, name) for name in cls.model_fields if name not in ("targets", "open_questions")}
        return cls(
            **own,
            targets=[TargetVersionAnswer.of_row(target) for target in targets],
            open_questions=open_questions(row.open_questions),
        )


class PeriodPart(Answer):
    """The period asked for; `status` is not_opened, open, closed, or computed for figures made from events."""

    code: str
    kind: str
    first_day: LegalDate
    last_day: LegalDate
    status: Literal["not_opened", "open", "closed", "computed"]


class CoverageAnswer(Answer):
    """How many of those expected stand behind the figures; missing is not zero."""

    counted: int
    expected: int
    by_status: dict[str, int]
    counting_methods: list[str]


class ProgressAnswer(JudgementFields):
    """How far an indicator is reached, with everything needed to check it by hand.

    `rate` is for reading and rounded to six decimals; `comparison` is what was judged, exactly.
    """

    indicator_code: str
    name_vi: str
    name_en: str
    instrument: str
    clause: str
    quote: str
    unit: str
    period: PeriodPart
    organisation_id: Uuid | None
    numerator: Exact | None
    denominator: Exact | None
    rate: Exact | None
    rate_exact: bool
    breakdown: list[CategoryAnswer]
    coverage: CoverageAnswer
    target: TargetVersionAnswer | None
    formula_vi: str
    formula_en: str
    open_questions: list[OpenQuestion]

    @classmethod
    def of(
        cls,
        row: Row[Any],
        period: Period,
        totals: Totals,
        target: Row[Any] | None,
        judgement: Judgement,
        organisation_id: Any,
    ) -> Self:
        """Show the figures of an indicator and period with their judgement."""
        figures = totals.figures
        vi, en = formula(row, as_target(target))
        return cls(
            **judgement_fields(judgement),
            indicator_code=row.code,
            name_vi=row.name_vi,
            name_en=row.name_en,
            instrument=row.instrument,
            clause=row.clause,
            quote=row.quote,
            unit=row.unit,
            period=PeriodPart(
                code=period.code,
                kind=period.kind.value,
                first_day=period.first_day,
                last_day=period.last_day,
                status=totals.period_status,
            ),
            organisation_id=organisation_id,
            numerator=figures.numerator if figures else None,
            denominator=figures.denominator if figures else None,
            rate=rate(figures) if figures else None,
            rate_exact=rate_is_exact(figures) if figures else True,
            breakdown=categories(dict(figures.breakdown)) if figures else [],
            coverage=CoverageAnswer(
                counted=totals.coverage.counted,
                expected=totals.coverage.expected,
                by_status=dict(totals.by_status),
                counting_methods=list(totals.counting_methods),
            ),
            target=None if target is None else TargetVersionAnswer.of_row(target),
            formula_vi=vi,
            formula_en=en,
            open_questions=open_questions(row.open_questions),
        )


def formula(row: Row[Any], target: Target | None) -> tuple[str, str]:
    """Say in words how the figure is made and held against the target."""
    if row.kind == "ratio":
        vi = f"100 × Σ ({row.numerator_vi}) ÷ Σ ({row.denominator_vi})"
        en = f"100 × Σ ({row.numerator_en}) ÷ Σ ({row.denominator_en})"
    else:
        vi, en = f"Σ ({row.numerator_vi})", f"Σ ({row.numerator_en})"
    if target is None or target.value is None:
        return vi, en
    figure = plain(target.value)
    return f"{vi} {target.comparator} {figure}", f"{en} {target.comparator} {figure}"
