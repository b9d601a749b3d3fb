"""Facts about a submission (phản ánh, kiến nghị); never who sent it or what it says."""

from datetime import date
from typing import Literal
from uuid import UUID

from contracts.deadlines_v1 import DeadlineChanged
from contracts.envelope import Fact

Kind = Literal[
    "report",
    "petition",
    "opinion",
    "suggestion",
    "complaint",
    "denunciation",
    "crime_report",
    "party_petition",
    "information_request",
]


class SubmissionReceived(Fact):
    """Somebody sent something to a Front committee."""

    identity_mode: Literal["anonymous", "confidential", "named", "verified"]
    front_organisation_id: UUID
    unit_id: UUID
    received_on: date


class SubmissionClassified(Fact):
    """The intake officer decided what it is."""

    kind: Kind


class SubmissionAccepted(Fact):
    """Accepted for handling (thụ lý); the answer is due on a date computed by a rule."""

    kind: Kind
    accepted_on: date
    due_on: date
    due_provisional: bool
    rule_key: str
    rule_version: int


class SubmissionRefused(Fact):
    """Refused with a reason code."""

    reason_code: str


class SubmissionGuidedOut(Fact):
    """Not for this channel; the sender was told where to go (hướng dẫn)."""

    kind: Kind


class SubmissionAssigned(Fact):
    """A holder was named: exactly one body has it."""

    holder_organisation_id: UUID
    due_on: date


class SubmissionAnswered(Fact):
    """The responsible body answered."""

    holder_organisation_id: UUID
    front_organisation_id: UUID
    outcome: Literal["done", "planned", "partly", "refused", "not_in_authority", "information"]
    answered_on: date
    due_on: date
    on_time: bool


class SubmissionDeadlineChanged(DeadlineChanged):
    """The day to tell the sender what becomes of it ("status") or to answer ("answer") is another now."""

    deadline: Literal["status", "answer"]


class SubmissionConfirmed(Fact):
    """The sender says it is solved."""

    confirmed_on: date


class SubmissionDisputed(Fact):
    """The sender says it is not solved (chưa giải quyết)."""

    disputed_on: date


class SubmissionLinkedToOversight(Fact):
    """An oversight case was opened from it."""

    case_id: UUID
