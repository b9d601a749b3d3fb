"""What is said about the figures of snapshots."""

from typing import Self
from uuid import UUID

from servicekit.text import Answer, Exact, Instant, LegalDate, Uuid
from targets.api.shared_answers import CategoryAnswer, DecidedBy, categories, status_fields
from targets.domain.snapshot import Against, Figure, IndicatorFacts, Part, ReportBehind, Verdict
from targets.domain.suppression import SmallCellRule


class AgainstAnswer(Answer):
    """What a unit's figures say against the whole's target."""

    status: str
    status_vi: str
    status_en: str
    reason: str
    reason_vi: str
    reason_en: str

    @classmethod
    def of(cls, against: Against) -> Self:
        """Show it."""
        return cls(**status_fields(against.status, against.reason))


class VerdictAnswer(AgainstAnswer):
    """The judgement when the snapshot was made.

    `against_whole` is there where a unit's status is not against the whole's target.
    """

    provisional: bool
    comparison: str | None
    decided_by: DecidedBy | None
    against_whole: AgainstAnswer | None

    @classmethod
    def of_verdict(cls, verdict: Verdict) -> Self:
        """Show a judgement."""
        return cls(
            **status_fields(verdict.status, verdict.reason),
            provisional=verdict.provisional,
            comparison=verdict.comparison,
            decided_by=verdict.decided_by,
            against_whole=None if verdict.against_whole is None else AgainstAnswer.of(verdict.against_whole),
        )


class FrozenTarget(Answer):
    """The target version the figure was held against."""

    number: int
    comparator: str
    value: Exact | None
    minimum_coverage: Exact | None
    decision: str
    decided_on: LegalDate


class DisputeAnswer(Answer):
    """What is said against a figure."""

    text_vi: str
    text_en: str


class ReportBehindAnswer(Answer):
    """One approved report in the version that was counted."""

    id: Uuid
    version: int
    organisation_id: Uuid
    period: str

    @classmethod
    def of(cls, one: ReportBehind, figure: Figure) -> Self:
        """Show a report behind a figure."""
        period = one.period or figure.period
        return cls(id=UUID(one.id), version=one.version, organisation_id=UUID(one.organisation_id), period=period)


class FigureAnswer(Answer):
    """One figure with its formula, inputs and origin.

    `periods` are those it is made of where they are shorter than its own, `missing_periods` those that had no figures;
    then `computed_version`, how often a figure was computed, is 0. `allocated_target` was handed down to
    the organisation.
    `withheld` names what is left out because it would show, or let work out, a small number of persons.
    """

    key: str
    indicator_code: str
    indicator_name_vi: str
    indicator_name_en: str
    clause: str
    quote: str
    period: str
    period_status: str
    organisation_id: Uuid | None
    organisation_name: str | None
    value: Exact | None
    unit: str
    formula_vi: str
    formula_en: str
    numerator: Exact | None
    denominator: Exact | None
    breakdown: list[CategoryAnswer]
    withheld: list[str]
    withheld_below: int | None
    counting_methods: list[str]
    counted: int | None
    expected: int | None
    population_counted: Exact | None
    population_expected: Exact | None
    target: FrozenTarget | None
    allocated_target: Exact | None
    periods: list[str]
    missing_periods: list[str]
    verdict: VerdictAnswer | None
    computed_at: Instant | None
    computed_version: int
    disputed: bool
    disputes: list[DisputeAnswer]
    reports: list[ReportBehindAnswer]

    @classmethod
    def of(
        cls,
        figure: Figure,
        indicator: IndicatorFacts,
        part: Part,
        rule: SmallCellRule,
        *,
        organisation: tuple[str, str] | None,
        formula: tuple[str, str],
    ) -> Self:
        """Show a frozen figure; `organisation` is id and name, None for the whole."""
        return cls(
            key=figure.key,
            indicator_code=indicator.code,
            indicator_name_vi=indicator.name_vi,
            indicator_name_en=indicator.name_en,
            clause=indicator.clause,
            quote=indicator.quote,
            period=figure.period,
            period_status=part.period_status,
            organisation_id=organisation[0] if organisation else None,
            organisation_name=organisation[1] if organisation else None,
            value=figure.value(indicator.kind),
            unit=indicator.unit,
            formula_vi=formula[0],
            formula_en=formula[1],
            numerator=figure.numerator,
            denominator=figure.denominator,
            breakdown=categories(dict(figure.breakdown)),
            withheld=list(figure.withheld),
            withheld_below=rule.threshold if figure.withheld else None,
            counting_methods=list(figure.methods),
            counted=figure.counted,
            expected=figure.expected,
            population_counted=figure.population_counted,
            population_expected=figure.population_expected,
            target=None if part.target is None else FrozenTarget.model_validate(part.target),
            allocated_target=figure.allocated,
            periods=list(figure.periods),
            missing_periods=list(figure.missing_periods),
            verdict=None if figure.verdict is None else VerdictAnswer.of_verdict(figure.verdict),
            computed_at=figure.computed_at,
            computed_version=figure.told,
            disputed=bool(figure.disputes),
            disputes=[DisputeAnswer.model_validate(one) for one in figure.disputes],
            reports=[
                ReportBehindAnswer(
                    id=one.id,
                    version=one.version,
                    organisation_id=one.organisation_id,
                    period=one.period or figure.period,
                )
                for one in figure.reports
            ],
        )
