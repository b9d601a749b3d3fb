"""Facts of this service as events of the catalogue: ids and public facts, never who sent it or what it says."""

from datetime import date
from typing import Any, Literal, cast
from uuid import UUID

from contracts import feedback_v1
from contracts.envelope import Fact
from servicekit.outbox import EventDraft
from servicekit.recount import Moved
from servicekit.telemetry import current_traceparent

Outcome = Literal["done", "planned", "partly", "refused", "not_in_authority", "information"]


def _draft(verb: str, submission_id: UUID, version: int, fact: Fact) -> EventDraft:
    data = fact.model_dump(mode="json")
    return EventDraft(
        type=f"feedback.submission.{verb}.v1",
        subject=submission_id,
        sequence=version,
        data=data,
        traceparent=current_traceparent(),
    )


def received(
    submission_id: UUID, *, identity_mode: str, front_organisation_id: UUID, unit_id: UUID, received_on: date
) -> EventDraft:
    """Somebody sent something; always version 1. Built by hand: it is on the hot path."""
    data: dict[str, Any] = {
        "identity_mode": identity_mode,
        "front_organisation_id": str(front_organisation_id),
        "unit_id": str(unit_id),
        "received_on": received_on.isoformat(),
    }
    return EventDraft(type="feedback.submission.received.v1", subject=submission_id, sequence=1, data=data)


def classified(submission_id: UUID, version: int, *, kind: feedback_v1.Kind) -> EventDraft:
    """The intake officer decided what it is."""
    return _draft("classified", submission_id, version, feedback_v1.SubmissionClassified(kind=kind))


def accepted(
    submission_id: UUID,
    version: int,
    *,
    kind: str,
    accepted_on: date,
    due_on: date,
    due_provisional: bool,
    rule_key: str,
    rule_version: int,
) -> EventDraft:
    """Accepted for handling, due on a day counted by a rule."""
    fact = feedback_v1.SubmissionAccepted(
        kind=cast(feedback_v1.Kind, kind),
        accepted_on=accepted_on,
        due_on=due_on,
        due_provisional=due_provisional,
        rule_key=rule_key,
        rule_version=rule_version,
    )
    return _draft("accepted", submission_id, version, fact)


def refused(submission_id: UUID, version: int, *, reason_code: str) -> EventDraft:
    """Refused with a reason code."""
    return _draft("refused", submission_id, version, feedback_v1.SubmissionRefused(reason_code=reason_code))


def guided_out(submission_id: UUID, version: int, *, kind: str) -> EventDraft:
    """The sender was told where to go."""
    fact = feedback_v1.SubmissionGuidedOut(kind=cast(feedback_v1.Kind, kind))
    return _draft("guided_out", submission_id, version, fact)


def assigned(submission_id: UUID, version: int, *, holder_organisation_id: UUID, due_on: date) -> EventDraft:
    """One body has it now."""
    fact = feedback_v1.SubmissionAssigned(holder_organisation_id=holder_organisation_id, due_on=due_on)
    return _draft("assigned", submission_id, version, fact)


def answered(
    submission_id: UUID,
    version: int,
    *,
    holder_organisation_id: UUID,
    front_organisation_id: UUID,
    outcome: Outcome,
    answered_on: date,
    due_on: date,
) -> EventDraft:
    """The body answered, on time when not after the due day."""
    fact = feedback_v1.SubmissionAnswered(
        holder_organisation_id=holder_organisation_id,
        front_organisation_id=front_organisation_id,
        outcome=outcome,
        answered_on=answered_on,
        due_on=due_on,
        on_time=answered_on <= due_on,
    )
    return _draft("answered", submission_id, version, fact)


def deadline_changed(moved: Moved) -> EventDraft:
    """The calendar changed, and with it the day by which something is due."""
    row = moved.row
    fact = feedback_v1.SubmissionDeadlineChanged(
        deadline=row.deadline,
        **moved.told,
    )
    return _draft("deadline_changed", row.item_id, row.version + 1, fact)


def confirmed(submission_id: UUID, version: int, *, confirmed_on: date) -> EventDraft:
    """The sender says it is solved."""
    fact = feedback_v1.SubmissionConfirmed(confirmed_on=confirmed_on)
    return _draft("confirmed", submission_id, version, fact)


def disputed(submission_id: UUID, version: int, *, disputed_on: date) -> EventDraft:
    """The sender says it is not solved."""
    return _draft("disputed", submission_id, version, feedback_v1.SubmissionDisputed(disputed_on=disputed_on))


def linked_to_oversight(submission_id: UUID, version: int, *, case_id: UUID) -> EventDraft:
    """An oversight case was opened from it."""
    fact = feedback_v1.SubmissionLinkedToOversight(case_id=case_id)
    return _draft("linked_to_oversight", submission_id, version, fact)
