"""Facts the oversight service tells: cases (giám sát) and recommendations (kiến nghị sau giám sát)."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

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
    """A recommendation went out to its addressees."""

    case_id: UUID
    served_on: date
    rule_key: str
    rule_version: int
    addressees: list[Addressee]


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
