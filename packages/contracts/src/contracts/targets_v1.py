"""Facts the targets service tells: reporting periods, reports (báo cáo chỉ tiêu), computed values."""

from datetime import date
from typing import Literal
from uuid import UUID

from contracts.deadlines_v1 import DeadlineChanged
from contracts.envelope import Fact


class PeriodOpened(Fact):
    """Reporting for a period began."""

    indicator_code: str
    period: str
    due_on: date


class PeriodDeadlineChanged(DeadlineChanged):
    """The reports of an open period are due on another day."""

    indicator_code: str
    period: str


class ReportSubmitted(Fact):
    """A unit submitted its report."""

    indicator_code: str
    period: str
    organisation_id: UUID
    submitted_on: date


class ReportReturned(Fact):
    """The report went back with a reason code."""

    indicator_code: str
    period: str
    organisation_id: UUID
    returned_on: date


class ReportVerified(Fact):
    """A second body checked the report."""

    indicator_code: str
    period: str
    organisation_id: UUID


class ReportApproved(Fact):
    """The monitoring board approved the report; its figures count from now on."""

    indicator_code: str
    period: str
    organisation_id: UUID
    numerator: str
    denominator: str | None


class IndicatorComputed(Fact):
    """An indicator that is computed from other services' events has a new value."""

    indicator_code: str
    period: str
    organisation_id: UUID
    numerator: str
    denominator: str
    status: Literal["achieved", "missed", "not_assessed", "period_ended", "on_track", "at_risk"]


class TargetChanged(Fact):
    """An indicator has a new version of its target; the one before, if it was open, ended the day before."""

    indicator_code: str
    number: int
    comparator: Literal[">", ">=", "=", "<=", "<"]
    value: str | None
    valid_from: date
    valid_to: date | None
    decision: str
    decided_on: date
    ended_number: int | None
    ended_on: date | None


class PeriodClosed(Fact):
    """A period was closed; nothing in it changes any more."""

    indicator_code: str
    period: str


class PeriodReopened(Fact):
    """A closed period is open again, for these units only and until this day only."""

    indicator_code: str
    period: str
    organisation_ids: list[UUID]
    until_on: date


class PeriodRelocked(Fact):
    """The day named in a reopening is over; the period is closed for these units again."""

    indicator_code: str
    period: str
    organisation_ids: list[UUID]


class ReportEndorsed(Fact):
    """A level below the last one that verifies signed the report off."""

    indicator_code: str
    period: str
    organisation_id: UUID
    level: str


class ReportCorrected(Fact):
    """Other figures of an approved report were approved; they count from now on in place of the earlier ones."""

    indicator_code: str
    period: str
    organisation_id: UUID
    numerator: str
    denominator: str | None


class ReportReminder(Fact):
    """A unit has not handed in everything of a form; told to the rung of the ladder that is named."""

    form_code: str
    period: str
    organisation_id: UUID
    due_on: date
    step: str
    missing: int
    to_role: str
    to_organisation_id: UUID


class ReportDueSoon(ReportReminder):
    """The day on which a unit's reports are due comes near, and something is missing."""


class ReportOverdue(ReportReminder):
    """The day on which a unit's reports were due is over, and something is missing."""


class _OfDispute(Fact):
    """Which value is disputed."""

    indicator_code: str
    period: str
    organisation_id: UUID


class ValueDisputed(_OfDispute):
    """Feedback or oversight contradicts a value; it is marked everywhere until its owner answers with reasons."""

    kind: Literal["feedback_cluster", "oversight_finding"]
    reason_code: str
    subject_ids: list[UUID]
    raised_on: date
    due_on: date
    due_provisional: bool
    rule_key: str
    rule_version: int


class ValueDisputeAnswered(_OfDispute):
    """The owner answered with reasons; `report_version` is the corrected report's."""

    answer: Literal["figure_stands", "figure_corrected"]
    report_version: int | None
    answered_on: date
    on_time: bool


class ValueDisputeAccepted(_OfDispute):
    """The monitoring board accepted the answer."""

    accepted_on: date


class ValueDisputeRejected(_OfDispute):
    """The monitoring board rejected the answer; the value is marked again and another answer is due."""

    rejected_on: date
    due_on: date
    due_provisional: bool
    rule_key: str
    rule_version: int


class ValueDisputeOverdue(_OfDispute):
    """The owner stayed silent past the day; set by a job."""

    due_on: date
    noticed_on: date


class ValueDisputeDeadlineChanged(DeadlineChanged):
    """The answer is due on another day; `overdue` false also takes back an earlier overdue event."""

    indicator_code: str
    period: str
    organisation_id: UUID
    overdue: bool


class ValueDisputeClosed(_OfDispute):
    """The dispute is settled."""

    closed_on: date


class SnapshotIssued(Fact):
    """A review (sơ kết, tổng kết) was issued; `sha256` is of its public content."""

    kind: Literal["interim_review", "final_review"]
    resolution: str
    periods: list[str]
    issued_on: date
    sha256: str
