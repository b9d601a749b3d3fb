"""What is sent and said about reports."""

from datetime import date
from typing import Any, Literal, Self

from sqlalchemy import Row

from servicekit.deadline_answers import PinnedRuleAnswer, pinned_rule_answer, provisional_note
from servicekit.law_book import Law
from servicekit.lifecycle import actions_from
from servicekit.text import Answer, ApiModel, Code, Exact, Instant, LegalDate, SafeLine, SafeText, Uuid
from targets.api.shared_answers import (
    Category,
    CategoryAnswer,
    DisputeMark,
    JudgementAnswer,
    TargetAnswer,
    categories,
    mark,
)
from targets.domain.figures import rate, rate_is_exact
from targets.domain.period_steps import OPEN
from targets.domain.reopening_steps import ASKING
from targets.domain.report_steps import STEPS, SUBMITTED, VERIFIED
from targets.domain.reports import ReportFacts
from targets.domain.wording import REPORT_STATUSES

ReportStatus = Literal["draft", "submitted", "returned", "verified", "approved"]
CountingMethod = Literal["distinct_persons", "memberships", "organisations_founded"]


class NewReportBody(ApiModel):
    """One organisation's figures; a count has no denominator, a breakdown adds up to the numerator."""

    indicator_code: Code
    period: Code
    organisation_id: Uuid
    numerator: Exact
    denominator: Exact | None = None
    breakdown: dict[Category, Exact] | None = None
    counting_method: CountingMethod | None = None
    denominator_source: SafeLine | None = None
    note: SafeText | None = None


class CorrectionBody(ApiModel):
    """The fields to change; what is left out stays. `reason` goes into the history."""

    numerator: Exact | None = None
    denominator: Exact | None = None
    breakdown: dict[Category, Exact] | None = None
    counting_method: CountingMethod | None = None
    denominator_source: SafeLine | None = None
    note: SafeText | None = None
    reason: SafeText | None = None


class ReturnBody(ApiModel):
    """Why the report goes back; the unit reads it."""

    reason: SafeText


class WarningAnswer(Answer):
    """What a validation rule warned of when the figures were entered, with the two numbers compared."""

    rule: str
    left: Exact
    operator: str
    right: Exact
    vi: str
    en: str


class ReportAnswer(DisputeMark):
    """A report with what its own figures say about the target."""

    id: Uuid
    indicator_code: str
    indicator_name_vi: str
    period: str
    period_id: Uuid
    organisation_id: Uuid
    organisation_name: str
    status: ReportStatus
    status_vi: str
    version: int
    numerator: Exact
    denominator: Exact | None
    rate: Exact | None
    rate_exact: bool
    breakdown: list[CategoryAnswer]
    counting_method: str
    denominator_source: str | None
    note: str | None
    warnings: list[WarningAnswer]
    return_reason: str | None
    target: TargetAnswer | None
    evaluation: JudgementAnswer
    """What the report says by these figures alone, without the trend; the progress of the indicator has the trend.

    A unit is held against the target handed down to it; against the whole's own only where that is meant for each
    unit, or where the unit stands for the whole. A target that still runs is never missed.
    """
    allocated_target: Exact | None
    """The figure handed down to this organisation; then the evaluation is against it."""
    against_whole: JudgementAnswer | None
    """What the same figures say against the whole's target, where the evaluation is not that."""
    due_on: LegalDate
    due_provisional: bool
    due_note_vi: str | None
    due_note_en: str | None
    rule: PinnedRuleAnswer
    submitted_on: LegalDate | None
    on_time: bool | None
    entered_by: Uuid
    submitted_by: Uuid | None
    verified_by: Uuid | None
    approved_by: Uuid | None
    approved_on: LegalDate | None
    created_at: Instant
    changed_at: Instant
    available_actions: list[str]
    returns: int
    """How often it was sent back."""
    level: str | None
    """The level of the form whose turn it is, once it is submitted."""
    may_submit: bool
    may_verify: bool
    may_approve: bool
    may_return: bool
    may_reopen: bool
    """The period is closed for this unit, and the caller may ask for it to be reopened."""

    @classmethod
    def of(cls, report: ReportFacts, today: date, law: Law) -> Self:
        """Show a report to an actor whose roles towards it are known."""
        around = report.around
        key, number = around.period.rule_key, around.period.rule_version
        target, judged = around.asked.target, report.judged(today)
        note_vi, note_en = provisional_note(around.period.due_provisional)
        return cls(
            **mark(report.disputed),
            id=report.id,
            indicator_code=around.indicator.code,
            indicator_name_vi=around.indicator.name_vi,
            period=around.period.code,
            period_id=around.period.id,
            organisation_id=around.organisation_id,
            organisation_name=around.organisation_name,
            status=report.status,
            status_vi=REPORT_STATUSES[report.status][0],
            version=report.version,
            numerator=report.figures.numerator,
            denominator=report.figures.denominator,
            rate=rate(report.figures),
            rate_exact=rate_is_exact(report.figures),
            breakdown=categories(dict(report.figures.breakdown)),
            counting_method=report.counting_method,
            denominator_source=report.denominator_source,
            note=report.note,
            warnings=[WarningAnswer.model_validate(warning) for warning in report.warnings],
            return_reason=report.return_reason,
            target=None if target is None else TargetAnswer.of(target),
            evaluation=JudgementAnswer.of(judged.judgement),
            allocated_target=around.asked.allocated,
            against_whole=None if judged.against_whole is None else JudgementAnswer.of(judged.against_whole),
            due_on=around.period.due_on,
            due_provisional=around.period.due_provisional,
            due_note_vi=note_vi,
            due_note_en=note_en,
            rule=pinned_rule_answer(key, number, law.pinned(key, number)),
            submitted_on=report.submitted_on,
            on_time=report.on_time,
            entered_by=report.entered_by,
            submitted_by=report.submitted_by,
            verified_by=report.verified_by,
            approved_by=report.approved_by,
            approved_on=report.approved_on,
            created_at=report.created_at,
            changed_at=report.changed_at,
            available_actions=_actions(report, today),
            returns=report.signing.returns,
            level=_level(report),
            **flags(report, today),
        )


def flags(report: ReportFacts, today: date) -> dict[str, bool]:
    """Return what the caller may do with a report now, guards included."""
    closed = report.around.period_status(today) != OPEN
    return {
        **{f"may_{action}": report.may(action, today) for action in ("submit", "verify", "approve", "return")},
        "may_reopen": closed and not report.around.roles.isdisjoint(ASKING),
    }


def _level(report: ReportFacts) -> str | None:
    pending = report.signing.pending if report.status in (SUBMITTED, VERIFIED) else None
    return pending.key if pending else None


def _actions(report: ReportFacts, today: date) -> list[str]:
    if report.around.period_status(today) != OPEN:
        return []
    taken = actions_from(STEPS, report.status, report.around.roles)
    return [action for action in taken if action != "endorse"]


class ChangeAnswer(Answer):
    """One line of a report's history: what it was, what it became, who, and why."""

    version: int
    at: Instant
    actor_kind: str
    actor_id: Uuid
    action: str
    status_before: str | None
    status_after: str
    values_before: dict[str, Any]
    values_after: dict[str, Any]
    reason: str | None
    import_id: Uuid | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored line."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})
