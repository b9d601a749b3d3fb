"""What is sent and said about reporting periods."""

from typing import Annotated, Any, Literal, Self

from fastapi import Query
from sqlalchemy import Row

from servicekit.deadline_answers import (
    DeadlineChangeAnswer,
    PinnedRuleAnswer,
    change_answers,
    pinned_rule_answer,
    provisional_note,
)
from servicekit.deadlines import CONFIDENCE_TEXTS, Counted
from servicekit.identity import Actor
from servicekit.law_book import Law
from servicekit.lifecycle import actions_from
from servicekit.text import Answer, ApiModel, Code, Instant, Key, LegalDate, Uuid
from targets.domain.period_steps import STEPS
from targets.domain.wording import PERIOD_STATUSES, REPORT_STATUSES

PeriodStatus = Literal["open", "closed"]
AskedPeriod = Annotated[
    Code, Query(description="Period code or keyword: 2025, 2025S1, 2025Q1, 202503, 2025T2030, THIS_YEAR, LAST_HALF")
]


class NewPeriod(ApiModel):
    """Which indicator is to be reported for which period."""

    indicator_code: Code
    period: Code


class PeriodMove(ApiModel):
    """Why a period is closed, as a code."""

    reason_code: Key | None = None


class PeriodAnswer(Answer):
    """A reporting period and where its reports stand."""

    id: Uuid
    indicator_code: str
    period: str
    kind: str
    first_day: LegalDate
    last_day: LegalDate
    status: PeriodStatus
    status_vi: str
    version: int
    due_on: LegalDate
    due_provisional: bool
    due_note_vi: str | None
    due_note_en: str | None
    rule_key: str
    rule_version: int
    rule: PinnedRuleAnswer
    opened_at: Instant
    expected: int
    reported: int
    by_status: dict[str, int]
    available_actions: list[str]

    @classmethod
    def of(cls, row: Row[Any], actor: Actor, law: Law) -> Self:
        """Show a stored period."""
        note_vi, note_en = provisional_note(row.due_provisional)
        by_status: dict[str, int] = row.by_status or {}
        return cls(
            id=row.id,
            indicator_code=row.indicator_code,
            period=row.code,
            kind=row.kind,
            first_day=row.first_day,
            last_day=row.last_day,
            status=row.status,
            status_vi=PERIOD_STATUSES[row.status][0],
            version=row.version,
            due_on=row.due_on,
            due_provisional=row.due_provisional,
            due_note_vi=note_vi,
            due_note_en=note_en,
            rule_key=row.rule_key,
            rule_version=row.rule_version,
            rule=pinned_rule_answer(row.rule_key, row.rule_version, law.pinned(row.rule_key, row.rule_version)),
            opened_at=row.opened_at,
            expected=row.expected,
            reported=sum(by_status.values()),
            by_status=by_status,
            available_actions=actions_from(STEPS, row.status, actor.roles()),
        )


class ExpectedAnswer(Answer):
    """An organisation that owes a report, and where its report stands; nulls while there is none."""

    organisation_id: Uuid
    organisation_name: str
    unit_code: str | None
    report_id: Uuid | None
    status: str | None
    status_vi: str | None
    submitted_on: LegalDate | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show one line of the list."""
        return cls(
            organisation_id=row.organisation_id,
            organisation_name=row.organisation_name,
            unit_code=row.unit_code,
            report_id=row.report_id,
            status=row.status,
            status_vi=REPORT_STATUSES[row.status][0] if row.status else None,
            submitted_on=row.submitted_on,
        )


class DayAnswer(Answer):
    """One day of the count."""

    date: LegalDate
    counted: bool
    reason_vi: str
    reason_en: str


class DeadlineAnswer(Answer):
    """The day reports are due, counted day by day, and how sure the rule is."""

    due_on: LegalDate
    due_provisional: bool
    due_note_vi: str | None
    due_note_en: str | None
    counted_from: LegalDate
    rule_key: str
    rule_version: int
    amount: int
    unit: str
    basis: str | None
    confidence: str
    confidence_vi: str
    confidence_en: str
    counted_again_on: LegalDate
    """What the count gives with the calendar known today; differs from `due_on` once the period is closed."""
    days: list[DayAnswer]
    changes: list[DeadlineChangeAnswer]
    """What the day was before the calendar changed, and why it moved."""

    @classmethod
    def of(cls, row: Row[Any], counted: Counted) -> Self:
        """Explain the stored due day by the rule version it was made with; `row` has its `deadline_changes`."""
        rule, due = counted.rule, counted.due
        vi, en = CONFIDENCE_TEXTS[rule.confidence]
        note_vi, note_en = provisional_note(row.due_provisional)
        return cls(
            due_on=row.due_on,
            due_provisional=row.due_provisional,
            due_note_vi=note_vi,
            due_note_en=note_en,
            counted_from=row.last_day,
            rule_key=rule.key,
            rule_version=rule.version,
            amount=rule.rule.amount,
            unit=rule.rule.unit.value,
            basis=rule.basis,
            confidence=rule.confidence,
            confidence_vi=vi,
            confidence_en=en,
            counted_again_on=due.on,
            days=[
                DayAnswer(date=day.date, counted=day.counted, reason_vi=day.reason_vi, reason_en=day.reason_en)
                for day in due.days
            ],
            changes=change_answers(row.deadline_changes),
        )
