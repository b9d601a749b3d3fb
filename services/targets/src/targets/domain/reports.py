"""What is known about a report when a rule is asked: the indicator, its target then, the period, the organisation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from servicekit.errors import DomainError
from servicekit.lifecycle import decide
from targets.domain.approval import APPROVE, VERIFY, Signing
from targets.domain.figures import FigureRule, Figures, as_counted, check_figures, plain
from targets.domain.judging import Coverage
from targets.domain.period_steps import CLOSED, OPEN
from targets.domain.periods import Period, PeriodKind
from targets.domain.progress import Asked, Progress, assess
from targets.domain.reopening_steps import open_on
from targets.domain.report_steps import APPROVED, STEPS
from targets.domain.time_aggregation import Held

NOT_SIGNED: Final = Signing()


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


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """A reporting period of one indicator."""

    id: UUID
    code: str
    kind: PeriodKind
    status: str
    first_day: date
    last_day: date
    due_on: date
    due_provisional: bool
    rule_key: str
    rule_version: int

    @property
    def span(self) -> Period:
        """The days it covers."""
        return Period(self.code, self.kind, self.first_day, self.last_day)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything around a report."""

    indicator: IndicatorFacts
    period: PeriodFacts
    asked: Asked
    """By which rule its figures are judged: the target valid on the period's last day, and what was handed down."""
    persons: Decimal | None
    """How many people live in the unit, as last counted by the period's last day."""
    organisation_id: UUID
    organisation_name: str
    roles: frozenset[str]
    """The roles the actor holds towards this organisation."""
    reopened_until: date | None = None
    """Until when a closed period is open again for this organisation."""

    def check(self, figures: Figures) -> None:
        """Raise BadFigures: the one place every entered value passes, alone, on a sheet, or as a correction."""
        check_figures(figures, self.indicator.rule)

    def period_status(self, today: date) -> str:
        """Say whether the period is open or closed for this organisation today."""
        return OPEN if open_on(self.period.status, self.reopened_until, today) else CLOSED


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
    round: int = 0
    """How often it was submitted; sign-offs count for their round only."""
    signing: Signing = NOT_SIGNED
    evidence_missing: bool = False
    """The indicator or the form asks for evidence, and there is none."""
    disputed: int = 0
    """How many values stand in it whose owner still owes reasons: its own, or of periods inside its own."""
    warnings: tuple[Mapping[str, str], ...] = ()
    """What validation rules warned of when the figures were entered."""

    @property
    def unanswered(self) -> bool:
        """Say whether there are warnings and no note."""
        return bool(self.warnings) and not self.note

    @property
    def on_time(self) -> bool | None:
        """Say whether it was submitted by the due day that stood then; None while it is not."""
        return None if self.submitted_on is None or self.held_to is None else self.submitted_on <= self.held_to

    def step_facts(self, action: str, today: date, reason: str | None = None) -> dict[str, Any]:
        """Return what the guards of the steps ask."""
        signing = self.signing
        return {
            "period_status": self.around.period_status(today),
            "actor": signing.actor,
            "entered_by": self.entered_by,
            "submitted_by": self.submitted_by,
            "verified_by": self.verified_by,
            "had_a_hand": signing.had_a_hand or signing.signed_before,
            "turn": signing.is_turn(APPROVE if action == "approve" else VERIFY),
            "evidence_missing": self.evidence_missing,
            "unanswered": self.unanswered,
            "reason": reason,
        }

    def may(self, action: str, today: date) -> bool:
        """Say whether the actor could take a step now, guards included; a return is asked as if it had its reason."""
        try:
            decide(STEPS, self.status, action, self.around.roles, self.step_facts(action, today, reason="asked"))
        except DomainError:
            return False
        return True

    def judged(self, today: date) -> Progress:
        """Judge by these figures alone, without the trend; provisional until they are approved."""
        around = self.around
        held = Held(
            as_counted(self.figures, around.indicator.kind),
            Coverage(1, 1),
            population=(around.persons, around.persons),
            methods=(self.counting_method,),
        )
        found = assess({around.period.code: held}, around.period.span, around.asked, today=today)
        if self.status == APPROVED:
            return found
        beside = found.against_whole
        return replace(
            found,
            judgement=replace(found.judgement, provisional=True),
            against_whole=None if beside is None else replace(beside, provisional=True),
        )

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
