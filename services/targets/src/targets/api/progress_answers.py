"""What is said about how far an indicator is reached: figures, coverage, pace, projection, and the judgement."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from sqlalchemy import Row

from servicekit.text import Answer, Exact, LegalDate, Uuid
from targets.api.indicator_answers import TargetVersionAnswer
from targets.api.outlook_answers import PaceAnswer, PointAnswer, ProjectionAnswer, projection_of, why_none
from targets.api.shared_answers import (
    CategoryAnswer,
    DecidedBy,
    DisputeMark,
    JudgementAnswer,
    JudgementFields,
    OpenQuestion,
    Step,
    categories,
    judgement_fields,
    mark,
    open_questions,
)
from targets.domain import explaining
from targets.domain.figures import Figures, plain, rate, rate_is_exact
from targets.domain.judging import Population, Target
from targets.domain.measures import Measure
from targets.domain.pace import shown
from targets.domain.periods import Period
from targets.domain.progress import Progress
from targets.queries.indicators import Standing
from targets.queries.judging import as_target


class PeriodPart(Answer):
    """The period asked for; `status` is not_opened, open, closed, or computed for figures nobody reports."""

    code: str
    kind: str
    first_day: LegalDate
    last_day: LegalDate
    status: Literal["not_opened", "open", "closed", "computed"]


class CoverageAnswer(Answer):
    """How many of those expected stand behind the figures, and of how many people; missing is not zero.

    The population is null as long as that of one expected unit is not known; it is never assumed.
    """

    counted: int
    expected: int
    share: Exact | None
    """Percent of the expected units."""
    by_status: dict[str, int]
    counting_methods: list[str]
    population_counted: Exact | None
    population_expected: Exact | None
    population_share: Exact | None
    words: Step


class ProgressAnswer(JudgementFields, DisputeMark):
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
    decided_by: DecidedBy | None
    measure: Measure
    measured: Exact | None
    """The number that is judged, rounded to six decimals for reading."""
    explanation: list[Step]
    pace: PaceAnswer | None
    projection: ProjectionAnswer | None
    no_projection: Step | None
    series: list[PointAnswer]
    periods: list[str]
    """The periods the figures are of: this one, or the shorter ones in it."""
    missing_periods: list[str]
    allocated_target: Exact | None
    """The figure handed down to this organisation; then the status is against it."""
    allocation_version: int | None
    against_whole: JudgementAnswer | None
    """What the same figures say against the whole's target, where the status is not that."""

    @classmethod
    def of(
        cls,
        row: Row[Any],
        period: Period,
        standing: Standing,
        progress: Progress,
        target: Row[Any] | None,
        organisation_id: Any,
    ) -> Self:
        """Show the figures of an indicator and period with their judgement."""
        figures, judgement = progress.figures, progress.judgement
        vi, en = formula(row, as_target(target))
        points = () if progress.outlook is None else progress.outlook.series
        return cls(
            **judgement_fields(judgement),
            **mark(standing.disputed),
            indicator_code=row.code,
            name_vi=row.name_vi,
            name_en=row.name_en,
            instrument=row.instrument,
            clause=row.clause,
            quote=row.quote,
            unit=row.unit,
            period=_period(period, standing),
            organisation_id=organisation_id,
            **_figures(figures, progress.measure),
            coverage=_coverage(standing, progress),
            target=None if target is None else TargetVersionAnswer.of_row(target),
            formula_vi=vi,
            formula_en=en,
            open_questions=open_questions(row.open_questions),
            decided_by=judgement.decided_by,
            measure=progress.measure,
            measured=_shown(progress.value),
            explanation=_steps(explaining.explain(judgement, progress.target, progress.measure)),
            pace=None if judgement.pace is None else PaceAnswer.of(judgement.pace),
            projection=projection_of(judgement.projection, progress.target),
            no_projection=why_none(judgement.projection, progress.outlook),
            series=[PointAnswer(on=point.on, value=shown(point.value)) for point in points],
            periods=[] if progress.gathered is None else list(progress.gathered.periods),
            missing_periods=[] if progress.gathered is None else list(progress.gathered.missing),
            allocated_target=standing.allocated,
            allocation_version=standing.allocation_version,
            against_whole=None if progress.against_whole is None else JudgementAnswer.of(progress.against_whole),
        )


def formula(row: Row[Any], target: Target | None) -> tuple[str, str]:
    """Say in words how the figure is made and held against the target."""
    if row.kind == "ratio":
        vi = f"100 × Σ ({row.numerator_vi}) ÷ Σ ({row.denominator_vi})"
        en = f"100 × Σ ({row.numerator_en}) ÷ Σ ({row.denominator_en})"
    elif row.kind == "rating":
        vi, en = f"Trung vị ({row.numerator_vi})", f"Median ({row.numerator_en})"
    elif row.kind in ("yes_no", "milestone"):
        vi, en = f"100 × Σ ({row.numerator_vi}) ÷ số đơn vị", f"100 × Σ ({row.numerator_en}) ÷ number of units"
    else:
        vi, en = f"Σ ({row.numerator_vi})", f"Σ ({row.numerator_en})"
    if target is None or target.value is None:
        return vi, en
    figure = plain(target.value)
    return f"{vi} {target.comparator} {figure}", f"{en} {target.comparator} {figure}"


def _period(period: Period, standing: Standing) -> PeriodPart:
    return PeriodPart(
        code=period.code,
        kind=period.kind.value,
        first_day=period.first_day,
        last_day=period.last_day,
        status=standing.period_status,
    )


def _figures(figures: Figures | None, measure: Measure) -> dict[str, Any]:
    """Return the figures; a mean grade in percent would say nothing, so a rating has no rate."""
    share = figures if measure is Measure.SHARE else None
    return {
        "numerator": figures.numerator if figures else None,
        "denominator": figures.denominator if figures else None,
        "rate": rate(share) if share else None,
        "rate_exact": rate_is_exact(share) if share else True,
        "breakdown": categories(dict(figures.breakdown)) if figures else [],
    }


def _coverage(standing: Standing, progress: Progress) -> CoverageAnswer:
    coverage, population = progress.coverage, progress.population
    vi, en = explaining.coverage_words(coverage, population)
    return CoverageAnswer(
        counted=coverage.counted,
        expected=coverage.expected,
        share=explaining.percent(coverage.counted, coverage.expected),
        by_status=dict(standing.by_status),
        counting_methods=list(progress.methods),
        population_counted=population.counted,
        population_expected=population.expected,
        population_share=_population_share(population),
        words=Step(vi=vi, en=en),
    )


def _population_share(population: Population) -> Any:
    if population.counted is None or population.expected is None:
        return None
    return explaining.percent(population.counted, population.expected)


def _steps(steps: Sequence[tuple[str, str]]) -> list[Step]:
    return [Step(vi=vi, en=en) for vi, en in steps]


def _shown(value: Any) -> Any:
    return None if value is None else shown(value)
