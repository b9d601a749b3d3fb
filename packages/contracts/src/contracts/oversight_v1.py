"""Facts the oversight service tells: cases (giám sát) and recommendations (kiến nghị sau giám sát).

Social criticism (phản biện xã hội) and opinions under Decision 218 (góp ý) are named here as well, so that those who
count them can be built; the catalogue marks what no service tells yet.
"""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field, NonNegativeInt, PositiveInt

from contracts.deadlines_v1 import DeadlineChanged
from contracts.envelope import Fact


class CaseOpened(Fact):
    """A case was opened; `submission_id` when a feedback item was the trigger (NQLT 403 Art. 2(1)d)."""

    presiding_organisation_id: UUID
    form: Literal["document_review", "oversight_delegation", "peoples_boards", "joint_oversight"]
    trigger: Literal["annual_programme", "coordination_programme", "member_proposal", "feedback", "media"]
    submission_id: UUID | None
    opened_on: date


class CasePlanned(Fact):
    """The plan (kế hoạch) was issued."""

    planned_on: date


class DisputedValue(Fact):
    """A figure of an indicator that a conclusion contradicts."""

    indicator_code: str
    period: str
    organisation_id: UUID
    reason_code: str


class CaseConcluded(Fact):
    """The conclusion (kết luận) was signed."""

    concluded_on: date
    disputed_values: list[DisputedValue] = Field(default_factory=list)


class CaseClosed(Fact):
    """Every recommendation was verified or ended."""

    closed_on: date


class Addressee(Fact):
    """One body a recommendation is served on, with its own clock."""

    organisation_id: UUID
    reply_due_on: date


class RecommendationServed(Fact):
    """A recommendation went out to its addressees; events told before the presiding body was in them have None."""

    case_id: UUID
    served_on: date
    rule_key: str
    rule_version: int
    addressees: list[Addressee]
    presiding_organisation_id: UUID | None = None


class RecommendationAcknowledged(Fact):
    """One addressee says that it arrived."""

    case_id: UUID
    organisation_id: UUID
    acknowledged_on: date


class RecommendationEnded(Fact):
    """One addressee is no longer followed: escalated, replaced, or the body has ended."""

    case_id: UUID
    organisation_id: UUID
    reason_code: Literal["escalated", "superseded", "organisation_ended"]
    ended_on: date


class RecommendationReplied(Fact):
    """One addressee replied."""

    case_id: UUID
    organisation_id: UUID
    disposition: Literal["accepted", "partly_accepted", "not_accepted"]
    replied_on: date
    on_time: bool


class RecommendationOverdue(Fact):
    """One addressee stayed silent past its clock; set by a job."""

    case_id: UUID
    organisation_id: UUID
    due_on: date
    noticed_on: date


class RecommendationDeadlineChanged(DeadlineChanged):
    """One addressee's reply is due on another day; `overdue` false also takes back an earlier overdue event."""

    case_id: UUID
    organisation_id: UUID
    overdue: bool


class RecommendationVerified(Fact):
    """The presiding body checked that one addressee did what it said."""

    case_id: UUID
    organisation_id: UUID
    verified_on: date


class DraftReceived(Fact):
    """A draft in scope came in for social criticism (Law on the Front, Arts. 33 and 36(1))."""

    presiding_organisation_id: UUID
    received_on: date


class DraftWithdrawn(Fact):
    """The draft was taken back or found out of scope before any criticism of it was issued."""

    withdrawn_on: date


class DraftCriticised(Fact):
    """A signed criticism covers this draft; one criticism may cover several."""

    criticism_id: UUID
    criticised_on: date


class CriticismIssued(Fact):
    """The criticism document (văn bản phản biện) was signed and sent; `points` is how many points it makes."""

    presiding_organisation_id: UUID
    draft_ids: list[UUID]
    issued_on: date
    reply_due_on: date
    points: PositiveInt


class CriticismReplied(Fact):
    """The drafting body replied point by point; the latest reply counts, points it leaves out have no reply.

    `explained` counts points not accepted whose reason was given (Law on the Front, Art. 36(3)).
    """

    replied_on: date
    accepted: NonNegativeInt
    partly_accepted: NonNegativeInt
    explained: NonNegativeInt


class CriticismDeadlineChanged(DeadlineChanged):
    """The reply to a criticism is due on another day."""


class OpinionAccepted(Fact):
    """An opinion under Decision 218 was screened and taken up; the Front committee relays and follows it."""

    front_organisation_id: UUID
    accepted_on: date
    reply_due_on: date


class OpinionReplied(Fact):
    """The body the opinion was meant for replied."""

    disposition: Literal["accepted_in_full", "partly_accepted", "explained_not_accepted"]
    replied_on: date


class OpinionDeadlineChanged(DeadlineChanged):
    """The reply to an opinion is due on another day."""
