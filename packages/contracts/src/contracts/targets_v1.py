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


class SnapshotIssued(Fact):
    """A review (sơ kết, tổng kết) was issued; `sha256` is of its public content."""

    kind: Literal["interim_review", "final_review"]
    resolution: str
    periods: list[str]
    issued_on: date
    sha256: str
