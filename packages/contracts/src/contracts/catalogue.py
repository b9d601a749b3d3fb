"""Every event type of the house: its model, its owner, and whether it may leave by webhook."""

from dataclasses import dataclass

from contracts import feedback_v1, oversight_v1, registry_v1, targets_v1, webhooks_v1
from contracts.envelope import Fact


@dataclass(frozen=True, slots=True)
class EventType:
    """One line of the catalogue."""

    name: str
    model: type[Fact]
    outside: bool
    """May be sent to other systems; what is only for the house stays in."""
    told: bool = True
    """False: agreed for those who will tell and hear it, not yet told by any service."""

    @property
    def owner(self) -> str:
        """The service that alone may publish it."""
        return self.name.split(".", 1)[0]

    @property
    def schema_uri(self) -> str:
        """The `dataschema` of its envelopes."""
        return f"urn:nhipcau:event:{self.name}"


def _types(outside: bool, table: dict[str, type[Fact]], *, told: bool = True) -> dict[str, EventType]:
    return {name: EventType(name, model, outside, told) for name, model in table.items()}


CATALOGUE: dict[str, EventType] = {
    **_types(
        True,
        {
            "registry.unit.changed.v1": registry_v1.UnitChanged,
            "registry.organisation.changed.v1": registry_v1.OrganisationChanged,
            "registry.organisation_succession.changed.v1": registry_v1.OrganisationSuccessionChanged,
            "registry.calendar_day.changed.v1": registry_v1.CalendarDayChanged,
            "registry.calendar_year.changed.v1": registry_v1.CalendarYearChanged,
            "registry.deadline_rule.changed.v1": registry_v1.DeadlineRuleChanged,
            "feedback.submission.received.v1": feedback_v1.SubmissionReceived,
            "feedback.submission.classified.v1": feedback_v1.SubmissionClassified,
            "feedback.submission.accepted.v1": feedback_v1.SubmissionAccepted,
            "feedback.submission.refused.v1": feedback_v1.SubmissionRefused,
            "feedback.submission.guided_out.v1": feedback_v1.SubmissionGuidedOut,
            "feedback.submission.assigned.v1": feedback_v1.SubmissionAssigned,
            "feedback.submission.answered.v1": feedback_v1.SubmissionAnswered,
            "feedback.submission.deadline_changed.v1": feedback_v1.SubmissionDeadlineChanged,
            "feedback.submission.confirmed.v1": feedback_v1.SubmissionConfirmed,
            "feedback.submission.disputed.v1": feedback_v1.SubmissionDisputed,
            "feedback.submission.linked_to_oversight.v1": feedback_v1.SubmissionLinkedToOversight,
            "oversight.case.opened.v1": oversight_v1.CaseOpened,
            "oversight.case.planned.v1": oversight_v1.CasePlanned,
            "oversight.case.concluded.v1": oversight_v1.CaseConcluded,
            "oversight.case.closed.v1": oversight_v1.CaseClosed,
            "oversight.recommendation.served.v1": oversight_v1.RecommendationServed,
            "oversight.recommendation.acknowledged.v1": oversight_v1.RecommendationAcknowledged,
            "oversight.recommendation.ended.v1": oversight_v1.RecommendationEnded,
            "oversight.recommendation.replied.v1": oversight_v1.RecommendationReplied,
            "oversight.recommendation.overdue.v1": oversight_v1.RecommendationOverdue,
            "oversight.recommendation.deadline_changed.v1": oversight_v1.RecommendationDeadlineChanged,
            "oversight.recommendation.verified.v1": oversight_v1.RecommendationVerified,
            "targets.period.opened.v1": targets_v1.PeriodOpened,
            "targets.period.deadline_changed.v1": targets_v1.PeriodDeadlineChanged,
            "targets.report.submitted.v1": targets_v1.ReportSubmitted,
            "targets.report.returned.v1": targets_v1.ReportReturned,
            "targets.report.verified.v1": targets_v1.ReportVerified,
            "targets.report.approved.v1": targets_v1.ReportApproved,
            "targets.indicator.computed.v1": targets_v1.IndicatorComputed,
            "targets.target.changed.v1": targets_v1.TargetChanged,
            "targets.period.closed.v1": targets_v1.PeriodClosed,
            "targets.period.reopened.v1": targets_v1.PeriodReopened,
            "targets.period.relocked.v1": targets_v1.PeriodRelocked,
            "targets.report.endorsed.v1": targets_v1.ReportEndorsed,
            "targets.report.corrected.v1": targets_v1.ReportCorrected,
            "targets.report.due_soon.v1": targets_v1.ReportDueSoon,
            "targets.report.overdue.v1": targets_v1.ReportOverdue,
            "targets.value.disputed.v1": targets_v1.ValueDisputed,
            "targets.value.dispute_answered.v1": targets_v1.ValueDisputeAnswered,
            "targets.value.dispute_accepted.v1": targets_v1.ValueDisputeAccepted,
            "targets.value.dispute_rejected.v1": targets_v1.ValueDisputeRejected,
            "targets.value.dispute_overdue.v1": targets_v1.ValueDisputeOverdue,
            "targets.value.dispute_deadline_changed.v1": targets_v1.ValueDisputeDeadlineChanged,
            "targets.value.dispute_closed.v1": targets_v1.ValueDisputeClosed,
            "targets.snapshot.issued.v1": targets_v1.SnapshotIssued,
        },
    ),
    **_types(
        True,
        {
            "oversight.draft.received.v1": oversight_v1.DraftReceived,
            "oversight.draft.withdrawn.v1": oversight_v1.DraftWithdrawn,
            "oversight.draft.criticised.v1": oversight_v1.DraftCriticised,
            "oversight.criticism.issued.v1": oversight_v1.CriticismIssued,
            "oversight.criticism.replied.v1": oversight_v1.CriticismReplied,
            "oversight.criticism.deadline_changed.v1": oversight_v1.CriticismDeadlineChanged,
            "oversight.opinion.accepted.v1": oversight_v1.OpinionAccepted,
            "oversight.opinion.replied.v1": oversight_v1.OpinionReplied,
            "oversight.opinion.deadline_changed.v1": oversight_v1.OpinionDeadlineChanged,
        },
        told=False,
    ),
    **_types(
        False,
        {
            "webhooks.endpoint.disabled.v1": webhooks_v1.EndpointDisabled,
            "webhooks.endpoint.enabled.v1": webhooks_v1.EndpointEnabled,
        },
    ),
}


def fact(name: str, data: object) -> Fact:
    """Read a payload by its type. Raises KeyError for an unknown type, ValidationError for a bad payload."""
    return CATALOGUE[name].model.model_validate(data)
