"""What a dashboard says: every indicator of a resolution on one page, and one indicator over all units.

The page of a whole resolution is put together from lines that are written already (dashboard_lines). `DashboardAnswer`
describes it, and a test holds the page to it.
"""

from typing import Any, Literal

from sqlalchemy import Row

from servicekit.text import Answer, Exact, Instant, LegalDate, Uuid
from targets.api.shared_answers import (
    Comparator,
    DecidedBy,
    DisputeMark,
    JudgementAnswer,
    JudgementFields,
    JudgementStatus,
    judgement_fields,
    mark,
)
from targets.domain.figures import Figures, plain, rate
from targets.domain.measures import Measure
from targets.domain.pace import shown
from targets.domain.progress import Progress

Order = Literal["best", "worst"]


class PreviousAnswer(Answer):
    """The figures of the period with figures before the one shown, for the trend."""

    period: str
    numerator: Exact
    denominator: Exact | None
    rate: Exact | None


class DashboardTarget(Answer):
    """The target version valid on the last day of the period shown."""

    number: int
    comparator: Comparator
    comparator_vi: str
    comparator_en: str
    value: Exact | None
    valid_from: LegalDate
    valid_to: LegalDate | None
    minimum_coverage: Exact | None


class DashboardLine(JudgementFields, DisputeMark):
    """One indicator: its figures, how many stand behind them, its target then, and what that says."""

    code: str
    name_vi: str
    name_en: str
    section: str
    clause: str
    kind: str
    unit: str
    direction: str
    source: str
    period: str | None
    """The period shown; null when there is none that answers for the one asked for."""
    periods: list[str]
    """The periods the figures are of: this one, or the shorter ones in it."""
    missing_periods: list[str]
    numerator: Exact | None
    denominator: Exact | None
    rate: Exact | None
    measure: Measure
    measured: Exact | None
    """The number that is judged, rounded to six decimals for reading."""
    breakdown: dict[str, str]
    counted: int
    expected: int
    population_counted: Exact | None
    population_expected: Exact | None
    counting_methods: list[str]
    computed_at: Instant | None
    target: DashboardTarget | None
    decided_by: DecidedBy | None
    allocated_target: Exact | None
    """The figure handed down to this organisation; then the status is against it."""
    against_whole: JudgementAnswer | None
    """What the same figures say against the whole's target, where the status is not that."""
    previous: PreviousAnswer | None
    ended: bool
    """The target's own date passed before the period shown."""


class SectionAnswer(Answer):
    """How the indicators of one part of the resolution stand."""

    section: str
    indicators: int
    by_status: dict[JudgementStatus, int]
    disputed: int


class DashboardAnswer(Answer):
    """A whole resolution on one page, for the city or for one organisation with what lies below it."""

    resolution: str
    title: str
    period: str
    organisation_id: Uuid | None
    organisation_name: str | None
    organisation_ended_on: LegalDate | None
    sections: list[SectionAnswer]
    indicators: list[DashboardLine]


class RankedUnitAnswer(JudgementFields, DisputeMark):
    """One unit's figures; `rank` null while it has none."""

    rank: int | None
    organisation_id: Uuid
    organisation_name: str
    unit_code: str | None
    organisation_ended_on: LegalDate | None
    numerator: Exact | None
    denominator: Exact | None
    rate: Exact | None
    measured: Exact | None
    """The number they are ranked by, rounded to six decimals for reading."""
    allocated_target: Exact | None
    """The figure handed down to the unit; then the status is against it."""
    against_whole: JudgementAnswer | None
    """What the same figures say against the whole's target, where the status is not that."""


def ranked_unit(unit: Row[Any], rank: int | None, progress: Progress, disputed: int) -> RankedUnitAnswer:
    """Show one line of the ranking."""
    whole = progress.against_whole
    return RankedUnitAnswer(
        **judgement_fields(progress.judgement),
        **mark(disputed),
        **figure_fields(progress.figures, progress.measure),
        measured=None if progress.value is None else shown(progress.value),
        rank=rank,
        organisation_id=unit.id,
        organisation_name=unit.name,
        unit_code=unit.unit_code,
        organisation_ended_on=unit.valid_to,
        allocated_target=unit.allocated,
        against_whole=None if whole is None else JudgementAnswer.of(whole),
    )


def figure_fields(figures: Figures | None, measure: Measure) -> dict[str, Any]:
    """Return numerator, denominator and rate as exact text; a mean grade in percent would say nothing."""
    if figures is None:
        return {"numerator": None, "denominator": None, "rate": None}
    share = rate(figures) if measure is Measure.SHARE else None
    return {
        "numerator": plain(figures.numerator),
        "denominator": None if figures.denominator is None else plain(figures.denominator),
        "rate": None if share is None else plain(share),
    }
