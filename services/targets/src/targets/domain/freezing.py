"""Puts a snapshot's content together from what was read; nothing is computed here but judgements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from targets.domain.dispute_wording import marked_en, marked_vi
from targets.domain.figures import Figures, is_ratio, plain
from targets.domain.judging import Coverage, Target, judge
from targets.domain.periods import Period
from targets.domain.snapshot import (
    WHOLE,
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
    """Say whether an indicator has figures of this kind of period."""
    return period.kind == row.period_kind or period.kind in row.reporting_kinds


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
    row: Any,
    indicator: Any,
    target: Target | None,
    reports: Sequence[ReportBehind],
    disputed: int,
    *,
    ended_before: bool,
    today: date,
) -> Figure:
    """Copy one organisation's figures, judge them as of today, and say how many `disputed` values are in them."""
    organisation = WHOLE if row.organisation_id is None else str(row.organisation_id)
    breakdown = {name: Decimal(plain(Decimal(value))) for name, value in sorted(row.breakdown.items())}
    numerator, denominator = _tidy(row.numerator), _tidy(row.denominator)
    found = Figures(numerator, denominator, breakdown) if row.counted and numerator is not None else None
    judgement = judge(
        found,
        target,
        ratio=is_ratio(indicator.kind),
        coverage=Coverage(row.counted, row.expected),
        last_day=row.last_day,
        today=today,
        ended_before=ended_before,
        counting_methods=len(row.methods),
    )
    return Figure(
        key=figure_key(indicator.code, row.period, organisation),
        indicator=indicator.code,
        period=row.period,
        organisation=organisation,
        numerator=numerator if found else None,
        denominator=denominator if found else None,
        breakdown=breakdown if found else {},
        methods=tuple(row.methods),
        counted=row.counted,
        expected=row.expected,
        population_counted=_tidy(row.population_counted),
        population_expected=_tidy(row.population_expected),
        told=row.told,
        computed_at=row.computed_at,
        verdict=Verdict(judgement.status, judgement.reason, judgement.provisional, judgement.comparison),
        reports=tuple(reports),
        disputes=(Dispute(marked_vi(disputed), marked_en(disputed)),) if disputed else (),
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
