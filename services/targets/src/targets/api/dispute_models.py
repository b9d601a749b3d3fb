"""What is sent and said about disputes over values."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field
from sqlalchemy import Row

from servicekit.deadline_answers import PinnedRuleAnswer, pinned_rule_answer, provisional_note
from servicekit.law_book import Law
from servicekit.lifecycle import actions_from
from servicekit.text import Answer, ApiModel, Code, Exact, Instant, LegalDate, SafeText, Uuid, Whole
from targets.domain.dispute_steps import MARKED, STEPS
from targets.domain.dispute_wording import DISPUTE_ANSWERS, DISPUTE_KINDS, DISPUTE_REASONS, DISPUTE_STATUSES
from targets.domain.disputes import AnswerKind, Kind, ReasonCode

DisputeStatus = Literal["open", "overdue", "answered", "accepted", "rejected", "closed"]


class NewDisputeBody(ApiModel):
    """The value, what stands against it (ids of submissions, or of cases and recommendations), and why."""

    kind: Kind
    indicator_code: Code
    period: Code
    organisation_id: Uuid
    subject_ids: Annotated[list[Uuid], Field(min_length=1, max_length=200)]
    reason_code: ReasonCode
    text: SafeText


class DisputeAnswerBody(ApiModel):
    """The owner's answer, with reasons; a correction names the version of the approved, corrected report."""

    answer: AnswerKind
    text: SafeText
    report_version: Whole | None = None


class RejectionBody(ApiModel):
    """What the answer does not explain; the owner reads it."""

    text: SafeText


class SubjectAnswer(Answer):
    """A thing the dispute rests on."""

    id: Uuid
    kind: Literal["submission", "case", "recommendation"]


class DisputeAnswer(Answer):
    """A dispute with the figures as they stood, the answer and the decision; the value is marked while `disputed`."""

    id: Uuid
    kind: Kind
    kind_vi: str
    kind_en: str
    indicator_code: str
    indicator_name_vi: str
    period: str
    organisation_id: Uuid
    organisation_name: str
    source_organisation_id: Uuid
    status: DisputeStatus
    status_vi: str
    status_en: str
    disputed: bool
    version: int
    reason_code: ReasonCode
    reason_vi: str
    reason_en: str
    text: str
    subjects: list[SubjectAnswer]
    report_id: Uuid | None
    report_version: int | None
    numerator: Exact | None
    denominator: Exact | None
    raised_by: Uuid
    raised_on: LegalDate
    due_on: LegalDate
    due_provisional: bool
    due_note_vi: str | None
    due_note_en: str | None
    rule: PinnedRuleAnswer
    overdue_on: LegalDate | None
    answer: AnswerKind | None
    answer_vi: str | None
    answer_en: str | None
    answer_text: str | None
    answer_report_version: int | None
    answered_by: Uuid | None
    answered_on: LegalDate | None
    decided_by: Uuid | None
    decided_on: LegalDate | None
    decision_text: str | None
    closed_on: LegalDate | None
    created_at: Instant
    changed_at: Instant
    available_actions: list[str]

    @classmethod
    def of(cls, row: Row[Any], roles: frozenset[str], law: Law) -> Self:
        """Show a dispute to an actor whose roles towards it are known."""
        kind_vi, kind_en = DISPUTE_KINDS[row.kind]
        status_vi, status_en = DISPUTE_STATUSES[row.status]
        reason_vi, reason_en = DISPUTE_REASONS[row.reason_code]
        answer_vi, answer_en = DISPUTE_ANSWERS[row.answer] if row.answer else (None, None)
        note_vi, note_en = provisional_note(row.due_provisional)
        said = {name: getattr(row, name) for name in _STORED}
        return cls(
            **said,
            kind_vi=kind_vi,
            kind_en=kind_en,
            status_vi=status_vi,
            status_en=status_en,
            disputed=row.status in MARKED,
            reason_vi=reason_vi,
            reason_en=reason_en,
            subjects=[SubjectAnswer(**one) for one in row.subjects or ()],
            due_note_vi=note_vi,
            due_note_en=note_en,
            rule=pinned_rule_answer(row.rule_key, row.rule_version, law.pinned(row.rule_key, row.rule_version)),
            answer_vi=answer_vi,
            answer_en=answer_en,
            available_actions=actions_from(STEPS, row.status, roles),
        )


_STORED = (
    "id", "kind", "indicator_code", "indicator_name_vi", "period", "organisation_id", "organisation_name",
    "source_organisation_id", "status", "version", "reason_code", "text", "report_id", "report_version", "numerator",
    "denominator", "raised_by", "raised_on", "due_on", "due_provisional", "overdue_on", "answer", "answer_text",
    "answer_report_version", "answered_by", "answered_on", "decided_by", "decided_on", "decision_text", "closed_on",
    "created_at", "changed_at",
)  # fmt: skip


class DisputeChangeAnswer(Answer):
    """One line of a dispute's history: what became of it, who, and what was said."""

    version: int
    at: Instant
    actor_kind: str
    actor_id: Uuid
    action: str
    status_before: str | None
    status_after: str
    details: dict[str, Any]
    text: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored line."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})
