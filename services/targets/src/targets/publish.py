"""Facts of this service as the catalogue's events: ids, codes and approved figures, never notes or names."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts import targets_v1
from contracts.envelope import Fact
from servicekit.deadlines import Counted
from servicekit.outbox import EventDraft
from servicekit.recount import Moved
from servicekit.telemetry import current_traceparent
from targets.domain.figures import plain
from targets.domain.reminders import DUE_SOON
from targets.domain.reports import ReportFacts
from targets.domain.target_versions import Ended


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


def period_closed(row: Row[Any]) -> EventDraft:
    """A period was closed; the row has its new `told` and the indicator's code."""
    fact = targets_v1.PeriodClosed(indicator_code=row.indicator_code, period=row.code)
    return _draft("targets.period.closed.v1", row.id, row.told, fact)


def period_reopened(row: Row[Any], organisation_ids: Sequence[UUID], until_on: date) -> EventDraft:
    """A closed period is open again for some units."""
    fact = targets_v1.PeriodReopened(
        indicator_code=row.indicator_code,
        period=row.code,
        organisation_ids=list(organisation_ids),
        until_on=until_on,
    )
    return _draft("targets.period.reopened.v1", row.id, row.told, fact)


def period_relocked(row: Row[Any], organisation_ids: Sequence[UUID]) -> EventDraft:
    """The day of a reopening is over."""
    fact = targets_v1.PeriodRelocked(
        indicator_code=row.indicator_code, period=row.code, organisation_ids=list(organisation_ids)
    )
    return _draft("targets.period.relocked.v1", row.id, row.told, fact)


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


def report_endorsed(report: ReportFacts, today: date) -> EventDraft:
    """A level before the last one that verifies signed the report off: the one signed last."""
    level = [one.key for one in report.signing.levels if one.key in report.signing.signed][-1]
    fact = targets_v1.ReportEndorsed(**_which(report), level=level)
    return _draft("targets.report.endorsed.v1", report.id, report.told, fact)


def report_corrected(report: ReportFacts) -> EventDraft:
    """Other figures of an approved report count from now on."""
    whole = report.figures.denominator
    fact = targets_v1.ReportCorrected(
        **_which(report),
        numerator=plain(report.figures.numerator),
        denominator=None if whole is None else plain(whole),
    )
    return _draft("targets.report.corrected.v1", report.id, report.told, fact)


def report_approved(report: ReportFacts, today: date) -> EventDraft:
    """The monitoring board approved the report."""
    whole = report.figures.denominator
    fact = targets_v1.ReportApproved(
        **_which(report),
        numerator=plain(report.figures.numerator),
        denominator=None if whole is None else plain(whole),
    )
    return _draft("targets.report.approved.v1", report.id, report.told, fact)


def report_reminder(row: Row[Any], form_code: str, kind: str) -> EventDraft:
    """A unit misses something of a form; told once, so the reminder is its own subject."""
    told = {
        "form_code": form_code,
        "period": row.period,
        "organisation_id": row.organisation_id,
        "due_on": row.due_on,
        "step": "by_hand" if row.step.startswith("hand_") else row.step,
        "missing": row.missing,
        "to_role": row.to_role,
        "to_organisation_id": row.to_organisation_id,
    }
    if kind == DUE_SOON:
        return _draft("targets.report.due_soon.v1", row.id, 1, targets_v1.ReportDueSoon(**told))
    return _draft("targets.report.overdue.v1", row.id, 1, targets_v1.ReportOverdue(**told))


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


def target_changed(
    version_id: UUID, *, indicator_code: str, number: int, target: Mapping[str, Any], ended: Ended | None
) -> EventDraft:
    """A new version of a target was set; the only event of the version, which never changes."""
    value = target["value"]
    fact = targets_v1.TargetChanged(
        indicator_code=indicator_code,
        number=number,
        comparator=target["comparator"],
        value=None if value is None else plain(value),
        valid_from=target["valid_from"],
        valid_to=target["valid_to"],
        decision=target["decision"],
        decided_on=target["decided_on"],
        ended_number=None if ended is None else ended.number,
        ended_on=None if ended is None else ended.last_day,
    )
    return _draft("targets.target.changed.v1", version_id, 1, fact)


def _which(report: ReportFacts) -> dict[str, Any]:
    around = report.around
    return {
        "indicator_code": around.indicator.code,
        "period": around.period.code,
        "organisation_id": around.organisation_id,
    }


def value_disputed(
    dispute_id: UUID,
    *,
    indicator_code: str,
    period: str,
    organisation_id: UUID,
    kind: Any,
    reason_code: str,
    subject_ids: list[UUID],
    raised_on: date,
    counted: Counted,
) -> EventDraft:
    """Feedback or oversight contradicts a value; always the first event of the dispute."""
    fact = targets_v1.ValueDisputed(
        indicator_code=indicator_code,
        period=period,
        organisation_id=organisation_id,
        kind=kind,
        reason_code=reason_code,
        subject_ids=subject_ids,
        raised_on=raised_on,
        **_counted(counted),
    )
    return _draft("targets.value.disputed.v1", dispute_id, 1, fact)


def dispute_answered(dispute: Row[Any], *, answer: Any, report_version: int | None, today: date) -> EventDraft:
    """The owner answered with reasons, which stay here."""
    fact = targets_v1.ValueDisputeAnswered(
        **_disputed(dispute),
        answer=answer,
        report_version=report_version if answer == "figure_corrected" else None,
        answered_on=today,
        on_time=today <= dispute.due_on,
    )
    return _draft("targets.value.dispute_answered.v1", dispute.id, dispute.told + 1, fact)


def dispute_accepted(dispute: Row[Any], today: date) -> EventDraft:
    """The monitoring board accepted the answer."""
    fact = targets_v1.ValueDisputeAccepted(**_disputed(dispute), accepted_on=today)
    return _draft("targets.value.dispute_accepted.v1", dispute.id, dispute.told + 1, fact)


def dispute_rejected(dispute: Row[Any], counted: Counted, today: date) -> EventDraft:
    """The monitoring board wants another answer."""
    fact = targets_v1.ValueDisputeRejected(**_disputed(dispute), rejected_on=today, **_counted(counted))
    return _draft("targets.value.dispute_rejected.v1", dispute.id, dispute.told + 1, fact)


def dispute_overdue(dispute: Row[Any], today: date) -> EventDraft:
    """The owner is silent past the day."""
    fact = targets_v1.ValueDisputeOverdue(**_disputed(dispute), due_on=dispute.due_on, noticed_on=today)
    return _draft("targets.value.dispute_overdue.v1", dispute.id, dispute.told + 1, fact)


def dispute_deadline_changed(moved: Moved, *, overdue: bool) -> EventDraft:
    """The calendar changed, and with it the day the answer is due."""
    fact = targets_v1.ValueDisputeDeadlineChanged(**_disputed(moved.row), **moved.told, overdue=overdue)
    return _draft("targets.value.dispute_deadline_changed.v1", moved.row.item_id, moved.row.told + 1, fact)


def dispute_closed(dispute: Row[Any], today: date) -> EventDraft:
    """The dispute is settled."""
    fact = targets_v1.ValueDisputeClosed(**_disputed(dispute), closed_on=today)
    return _draft("targets.value.dispute_closed.v1", dispute.id, dispute.told + 1, fact)


def _disputed(dispute: Row[Any]) -> dict[str, Any]:
    return {name: getattr(dispute, name) for name in ("indicator_code", "period", "organisation_id")}


def _counted(counted: Counted) -> dict[str, Any]:
    return {
        "due_on": counted.due.on,
        "due_provisional": counted.due.provisional,
        "rule_key": counted.rule.key,
        "rule_version": counted.rule.version,
    }


def snapshot_issued(
    snapshot_id: UUID, *, kind: Any, resolution: str, periods: list[str], issued_on: date, sha256: str
) -> EventDraft:
    """A review was issued; always the first event of the snapshot."""
    fact = targets_v1.SnapshotIssued(
        kind=kind, resolution=resolution, periods=periods, issued_on=issued_on, sha256=sha256
    )
    return _draft("targets.snapshot.issued.v1", snapshot_id, 1, fact)
