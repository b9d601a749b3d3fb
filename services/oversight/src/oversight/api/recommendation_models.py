"""What goes in and out of the routes about recommendations and their addressees."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from oversight.api.case_models import DocumentNumber, LongText, OrganisationAnswer
from oversight.domain.addressee_steps import (
    DISPOSITION_TEXTS,
    END_TEXTS,
    RESULT_TEXTS,
    STATUS_TEXTS,
    STEPS,
)
from oversight.domain.reply_clock import read_pinned
from oversight.queries.recommendations import Part
from oversight.queries.visibility import roles_for_part
from servicekit.deadline_answers import PinnedRuleAnswer, pinned_rule_answer, provisional_note
from servicekit.identity import Actor
from servicekit.lifecycle import actions_from
from servicekit.reference import ReferenceBook
from servicekit.text import Answer, ApiModel, LegalDate, SafeText, Text, Uuid

RecipientRole = Literal["object", "competent_body"]
PartStatus = Literal["served", "acknowledged", "overdue", "replied", "verified", "ended"]
ShortReason = Annotated[str, Text(max_length=1000, lines=True)]
"""A reason in a few sentences."""


class ServeOn(ApiModel):
    """One body to serve; by default it is both the object and the competent body (NQLT 403 Art. 9(3)).

    `received_on` is when the paper arrived (default: the day served). `reply_due_on` shortens the term, with a
    reason, where no law fixes it.
    """

    organisation_id: Uuid
    roles: list[RecipientRole] = Field(default=["object", "competent_body"], min_length=1, max_length=2)
    received_on: LegalDate | None = None
    reply_due_on: LegalDate | None = None
    reply_due_reason: ShortReason | None = None


class ServeRecommendation(ApiModel):
    """One recommendation and the bodies it is served on; up to 60 days back, never before the conclusion."""

    number: DocumentNumber
    text: LongText
    served_on: LegalDate | None = None
    addressees: list[ServeOn] = Field(min_length=1, max_length=50)


class ReplyBody(ApiModel):
    """The body's answer; a refusal ("not_accepted") needs its reason."""

    disposition: Literal["accepted", "partly_accepted", "not_accepted"]
    text: LongText
    plan: SafeText | None = None
    reason: SafeText | None = None
    document_number: DocumentNumber | None = None


class VerifyBody(ApiModel):
    """What the presiding body found and what shows it; `refusal_justified` is for a refused recommendation."""

    result: Literal["implemented", "refusal_justified"] = "implemented"
    finding: SafeText
    evidence: SafeText


class EndBody(ApiModel):
    """Why one addressee is followed no longer."""

    reason_code: Literal["escalated", "superseded", "organisation_ended"]
    note: SafeText


class ReplyAnswer(Answer):
    """What the body answered."""

    disposition: str
    disposition_text: str
    text: str
    plan: str | None
    reason: str | None
    document_number: str | None
    replied_on: date
    on_time: bool


class VerificationAnswer(Answer):
    """What the presiding body found."""

    result: str
    result_text: str
    finding: str
    evidence: str
    verified_on: date


class EndAnswer(Answer):
    """Why the follow-up ended."""

    reason_code: str
    reason_text: str
    note: str
    ended_on: date


class AddresseeAnswer(Answer):
    """One addressee's part: its own clock, state, reply and verification."""

    organisation: OrganisationAnswer
    roles: list[str]
    version: int
    status: str
    status_text: str
    received_on: date
    reply_due_on: date
    due_provisional: bool
    due_note_vi: str | None
    due_note_en: str | None
    acknowledged_on: date | None
    overdue_on: date | None
    reply: ReplyAnswer | None
    verification: VerificationAnswer | None
    end: EndAnswer | None
    available_actions: list[str]


class RecommendationHead(Answer):
    """The document itself."""

    id: UUID
    case_id: UUID
    case_title: str
    number: str
    text: str
    served_on: date
    rule_key: str
    rule_version: int
    rule: PinnedRuleAnswer
    presiding_organisation: OrganisationAnswer
    informed_organisation: OrganisationAnswer | None
    """The direct superior Front committee, which gets a copy and owes no reply."""


class RecommendationAnswer(RecommendationHead):
    """A recommendation with the addressees the caller may see."""

    addressees: list[AddresseeAnswer]


class PartAnswer(RecommendationHead):
    """A recommendation as one addressee has it."""

    addressee: AddresseeAnswer


def head_fields(part: Part, book: ReferenceBook) -> dict[str, Any]:
    """Return the fields of RecommendationHead for a part."""
    superior = part.superior_organisation_id
    rule = read_pinned(part.rule)
    return {
        "id": part.recommendation_id,
        "case_id": part.case_id,
        "case_title": part.case_title,
        "number": part.number,
        "text": part.text,
        "served_on": part.served_on,
        "rule_key": rule.key,
        "rule_version": rule.version,
        "rule": pinned_rule_answer(rule.key, rule.version, rule),
        "presiding_organisation": OrganisationAnswer.of(book, part.presiding_organisation_id),
        "informed_organisation": OrganisationAnswer.of(book, superior) if superior else None,
    }


def addressee_answer(part: Part, actor: Actor, book: ReferenceBook) -> AddresseeAnswer:
    """Return one addressee's part with the actions this actor could take."""
    roles = roles_for_part(actor, part.presiding_organisation_id, part.organisation_id)
    note_vi, note_en = provisional_note(part.due_provisional)
    return AddresseeAnswer(
        organisation=OrganisationAnswer.of(book, part.organisation_id),
        roles=part.roles,
        version=part.version,
        status=part.status,
        status_text=STATUS_TEXTS[part.status],
        received_on=part.received_on,
        reply_due_on=part.reply_due_on,
        due_provisional=part.due_provisional,
        due_note_vi=note_vi,
        due_note_en=note_en,
        acknowledged_on=part.acknowledged_on,
        overdue_on=part.overdue_on,
        reply=_reply(part),
        verification=_verification(part),
        end=_end(part),
        available_actions=list(dict.fromkeys(actions_from(STEPS, part.status, roles))),
    )


def recommendation_answer(parts: Sequence[Part], actor: Actor, book: ReferenceBook) -> RecommendationAnswer:
    """Return a recommendation from its visible parts (at least one)."""
    addressees = [addressee_answer(part, actor, book) for part in parts]
    return RecommendationAnswer(**head_fields(parts[0], book), addressees=addressees)


def part_answer(part: Part, actor: Actor, book: ReferenceBook) -> PartAnswer:
    """Return a recommendation as one addressee has it."""
    return PartAnswer(**head_fields(part, book), addressee=addressee_answer(part, actor, book))


def _reply(part: Part) -> ReplyAnswer | None:
    if part.disposition is None:
        return None
    return ReplyAnswer(
        disposition=part.disposition,
        disposition_text=DISPOSITION_TEXTS[part.disposition],
        text=part.reply_text,
        plan=part.reply_plan,
        reason=part.reply_reason,
        document_number=part.reply_number,
        replied_on=part.replied_on,
        on_time=part.on_time,
    )


def _verification(part: Part) -> VerificationAnswer | None:
    if part.result is None:
        return None
    return VerificationAnswer(
        result=part.result,
        result_text=RESULT_TEXTS[part.result],
        finding=part.finding,
        evidence=part.evidence,
        verified_on=part.verified_on,
    )


def _end(part: Part) -> EndAnswer | None:
    if part.end_reason is None:
        return None
    return EndAnswer(
        reason_code=part.end_reason,
        reason_text=END_TEXTS[part.end_reason],
        note=part.end_note,
        ended_on=part.ended_on,
    )
