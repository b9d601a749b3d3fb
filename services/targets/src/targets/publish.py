"""Facts of this service as the catalogue's events: ids, codes and approved figures, never notes or names."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts import targets_v1
from contracts.envelope import Fact
from servicekit.outbox import EventDraft
from servicekit.recount import Moved
from servicekit.telemetry import current_traceparent
from targets.domain.figures import plain
from targets.domain.reports import ReportFacts


def _draft(event_type: str, subject: UUID, sequence: int, fact: Fact) -> EventDraft:
    return EventDraft(
        type=event_type,
        subject=subject,
        sequence=sequence,
        data=fact.model_dump(mode="json"),
        traceparent=current_traceparent(),
    )


def period_opened(period_id: UUID, *, indicator_code: str, period: str, due_on: date) -> EventDraft:
    """Reporting began; always the first event of the period."""
    fact = targets_v1.PeriodOpened(indicator_code=indicator_code, period=period, due_on=due_on)
    return _draft("targets.period.opened.v1", period_id, 1, fact)


def period_deadline_changed(moved: Moved) -> EventDraft:
    """The calendar changed, and with it the day the reports of an open period are due."""
    row = moved.row
    fact = targets_v1.PeriodDeadlineChanged(
        indicator_code=row.indicator_code,
        period=row.code,
        **moved.told,
    )
    return _draft("targets.period.deadline_changed.v1", row.item_id, row.told + 1, fact)


def report_submitted(report: ReportFacts, today: date) -> EventDraft:
    """A unit submitted its report, for the first time or after a correction."""
    fact = targets_v1.ReportSubmitted(**_which(report), submitted_on=today)
    return _draft("targets.report.submitted.v1", report.id, report.told, fact)


def report_returned(report: ReportFacts, today: date) -> EventDraft:
    """The report went back to the unit."""
    fact = targets_v1.ReportReturned(**_which(report), returned_on=today)
    return _draft("targets.report.returned.v1", report.id, report.told, fact)


def report_verified(report: ReportFacts, today: date) -> EventDraft:
    """A second person checked the report."""
    return _draft("targets.report.verified.v1", report.id, report.told, targets_v1.ReportVerified(**_which(report)))


def report_approved(report: ReportFacts, today: date) -> EventDraft:
    """The monitoring board approved the report."""
    whole = report.figures.denominator
    fact = targets_v1.ReportApproved(
        **_which(report),
        numerator=plain(report.figures.numerator),
        denominator=None if whole is None else plain(whole),
    )
    return _draft("targets.report.approved.v1", report.id, report.told, fact)


def indicator_computed(
    value_id: UUID,
    sequence: int,
    *,
    indicator_code: str,
    period: str,
    organisation_id: UUID,
    numerator: Decimal,
    denominator: Decimal,
    status: Any,
) -> EventDraft:
    """A computed indicator has a new value for one organisation."""
    fact = targets_v1.IndicatorComputed(
        indicator_code=indicator_code,
        period=period,
        organisation_id=organisation_id,
        numerator=plain(numerator),
        denominator=plain(denominator),
        status=status,
    )
    return _draft("targets.indicator.computed.v1", value_id, sequence, fact)


def _which(report: ReportFacts) -> dict[str, Any]:
    around = report.around
    return {
        "indicator_code": around.indicator.code,
        "period": around.period.code,
        "organisation_id": around.organisation_id,
    }


def snapshot_issued(
    snapshot_id: UUID, *, kind: Any, resolution: str, periods: list[str], issued_on: date, sha256: str
) -> EventDraft:
    """A review was issued; always the first event of the snapshot."""
    fact = targets_v1.SnapshotIssued(
        kind=kind, resolution=resolution, periods=periods, issued_on=issued_on, sha256=sha256
    )
    return _draft("targets.snapshot.issued.v1", snapshot_id, 1, fact)
