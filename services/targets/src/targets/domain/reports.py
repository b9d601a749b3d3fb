"""What is known about a report when a rule is asked: the indicator, its target then, the period, the organisation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from targets.domain.figures import FigureRule, Figures, as_counted, is_ratio, plain
from targets.domain.judging import Coverage, Judgement, Target, judge
from targets.domain.report_steps import APPROVED


@dataclass(frozen=True, slots=True)
class IndicatorFacts:
    """The part of an indicator that rules need."""

    id: UUID
    code: str
    name_vi: str
    name_en: str
    kind: str
    unit: str
    whole_numbers: bool
    categories: tuple[str, ...]

    @property
    def rule(self) -> FigureRule:
        """What its figures must be like."""
        return FigureRule(self.kind, self.whole_numbers, self.categories)

    @property
    def is_ratio(self) -> bool:
        """Say whether its sums are a share."""
        return is_ratio(self.kind)


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """A reporting period of one indicator."""

    id: UUID
    code: str
    status: str
    first_day: date
    last_day: date
    due_on: date
    due_provisional: bool
    rule_key: str
    rule_version: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything around a report; `target` is the version valid on the period's last day, None when there is none."""

    indicator: IndicatorFacts
    period: PeriodFacts
    target: Target | None
    counting_method: str | None
    """The configured way of counting of the target version."""
    ended_before: bool
    organisation_id: UUID
    organisation_name: str
    roles: frozenset[str]
    """The roles the actor holds towards this organisation."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A report as stored, with its surroundings."""

    id: UUID
    status: str
    version: int
    told: int
    """How many events told of it: the sequence of the last one."""
    figures: Figures
    counting_method: str
    denominator_source: str | None
    note: str | None
    return_reason: str | None
    entered_by: UUID
    submitted_by: UUID | None
    submitted_on: date | None
    held_to: date | None
    """The due day that stood when it was submitted."""
    verified_by: UUID | None
    approved_by: UUID | None
    approved_on: date | None
    created_at: datetime
    changed_at: datetime
    around: Surroundings

    @property
    def on_time(self) -> bool | None:
        """Say whether it was submitted by the due day that stood then; None while it is not."""
        return None if self.submitted_on is None or self.held_to is None else self.submitted_on <= self.held_to

    def judged(self, today: date) -> Judgement:
        """Judge this unit's own figures; provisional until they are approved."""
        found = judge(
            as_counted(self.figures, self.around.indicator.kind),
            self.around.target,
            ratio=self.around.indicator.is_ratio,
            coverage=Coverage(1, 1),
            last_day=self.around.period.last_day,
            today=today,
            ended_before=self.around.ended_before,
        )
        return replace(found, provisional=found.provisional or self.status != APPROVED)

    def values(self) -> dict[str, Any]:
        """Return what the history keeps of it: plain JSON values, numbers as exact text."""
        return {
            "numerator": plain(self.figures.numerator),
            "denominator": None if self.figures.denominator is None else plain(self.figures.denominator),
            "breakdown": breakdown_text(self.figures.breakdown),
            "counting_method": self.counting_method,
            "denominator_source": self.denominator_source,
            "note": self.note,
        }


def breakdown_text(breakdown: Mapping[str, Decimal]) -> dict[str, str]:
    """Return a breakdown with its numbers as exact text."""
    return {name: plain(value) for name, value in breakdown.items()}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the old and the new of every value that differs."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}
