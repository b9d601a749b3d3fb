"""Puts a snapshot's content together from what was read and judged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from targets.domain.dispute_wording import marked_en, marked_vi
from targets.domain.figures import plain
from targets.domain.judging import SILENCE, Judgement
from targets.domain.periods import Period, PeriodKind
from targets.domain.progress import Progress
from targets.domain.snapshot import (
    WHOLE,
    Against,
    Dispute,
    Figure,
    IndicatorFacts,
    Part,
    Place,
    Question,
    ReportBehind,
    TargetFacts,
    Verdict,
    figure_key,
)
from targets.domain.time_aggregation import Held, parts_of


def indicator_facts(row: Any) -> IndicatorFacts:
    """Copy what is said about an indicator."""
    texts = ("question_vi", "question_en", "answer_vi", "answer_en")
    own = set(IndicatorFacts.__dataclass_fields__) - {"categories", "questions"}
    return IndicatorFacts(
        **{name: getattr(row, name) for name in own},
        categories=dict(_category_names(row)),
        questions=tuple(Question(**{name: one[name] for name in texts}) for one in row.open_questions),
    )


def _category_names(row: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the names by `category` and by `dimension.category`, for a report may use either."""
    for dimension in row.breakdowns:
        for category in dimension["categories"]:
            names = category["vi"], category["en"]
            yield category["key"], names
            yield f"{dimension['key']}.{category['key']}", names


def reported_by(row: Any, period: Period) -> bool:
    """Say whether an indicator has figures of this kind of period, or of shorter ones they can be gathered from."""
    return any(parts_of(period, PeriodKind(kind)) for kind in (row.period_kind, *row.reporting_kinds))


def target_facts(row: Any | None) -> TargetFacts | None:
    """Copy a target version."""
    if row is None:
        return None
    return TargetFacts(
        number=row.number,
        comparator=row.comparator,
        value=_tidy(row.value),
        minimum_coverage=_tidy(row.minimum_coverage),
        decision=row.decision,
        decided_on=row.decided_on,
    )


def part_of(row: Any, period: Period, status: str, target: Any | None, missing: Iterable[UUID]) -> Part:
    """Return an indicator in a period."""
    return Part(
        indicator=row.code,
        period=period.code,
        first_day=period.first_day,
        last_day=period.last_day,
        period_status=status,
        target=target_facts(target),
        missing=tuple(str(one) for one in missing),
    )


def figure_of(
    indicator: Any,
    period: Period,
    place: UUID | None,
    progress: Progress,
    *,
    own: Held | None,
    silent: bool,
    allocated: Decimal | None,
    reports: Sequence[ReportBehind],
    disputed: int,
) -> Figure:
    """Copy one place's figures as they were judged, and say how many `disputed` values are in them.

    `own` is what is known of the period itself; `silent`: no service tells the events the indicator is made of.
    """
    organisation = WHOLE if place is None else str(place)
    found, gathered = progress.figures, progress.gathered
    held = own if gathered is None else gathered.held
    judgement = SILENCE if silent and own is None else progress.judgement
    return Figure(
        key=figure_key(indicator.code, period.code, organisation),
        indicator=indicator.code,
        period=period.code,
        organisation=organisation,
        numerator=_tidy(found.numerator) if found else None,
        denominator=_tidy(found.denominator) if found else None,
        breakdown={name: Decimal(plain(value)) for name, value in found.breakdown.items()} if found else {},
        methods=progress.methods,
        counted=progress.coverage.counted,
        expected=progress.coverage.expected,
        population_counted=_tidy(progress.population.counted),
        population_expected=_tidy(progress.population.expected),
        told=held.told if held else 0,
        computed_at=held.computed_at if held else None,
        verdict=verdict_of(judgement, progress.against_whole),
        reports=tuple(reports),
        disputes=(Dispute(marked_vi(disputed), marked_en(disputed)),) if disputed else (),
        measure=progress.measure,
        allocated=_tidy(allocated),
        periods=gathered.periods if gathered else (),
        missing_periods=gathered.missing if gathered else (),
    )


def verdict_of(judgement: Judgement, beside: Judgement | None) -> Verdict:
    """Copy a judgement, and what was said against the whole's target beside it."""
    return Verdict(
        judgement.status,
        judgement.reason,
        judgement.provisional,
        judgement.comparison,
        judgement.decided_by,
        None if beside is None else Against(beside.status, beside.reason),
    )


def places_of(rows: Sequence[Any]) -> dict[str, Place]:
    """Return the organisations by id, each with the nearest one above it that is here too."""
    here = {row.id for row in rows}
    return {
        str(row.id): Place(
            name=row.name,
            level=row.level,
            unit_code=row.unit_code,
            parent=next((str(step) for step in reversed(row.path[:-1]) if step in here), None),
        )
        for row in rows
    }


def _tidy(value: Decimal | None) -> Decimal | None:
    """Drop the zeros the database pads a number with, so that equal contents have one hash."""
    return None if value is None else Decimal(plain(value))


def grouped(rows: Iterable[tuple[Any, Any]]) -> Mapping[Any, list[Any]]:
    """Return the second values by the first."""
    found: dict[Any, list[Any]] = {}
    for key, value in rows:
        found.setdefault(key, []).append(value)
    return found
