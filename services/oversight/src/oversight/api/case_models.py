"""What goes in and out of the routes about cases."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row

from oversight.domain.addressee_steps import STATUS_TEXTS as PART_STATUS_TEXTS
from oversight.domain.case_steps import STATUS_TEXTS, STEPS
from oversight.domain.oversight_plan import FORM_TEXTS, PLAN_PARTS, TRIGGER_TEXTS
from oversight.domain.reply_clock import read_pinned
from oversight.queries.registry_facts import name_of
from oversight.queries.visibility import roles_for_case
from servicekit.deadline_answers import PinnedRuleAnswer, pinned_rule_answer, provisional_note
from servicekit.identity import Actor
from servicekit.lifecycle import actions_from
from servicekit.reference import ReferenceBook
from servicekit.text import Answer, ApiModel, Code, LegalDate, SafeLine, SafeText, Text, Uuid

Form = Literal["document_review", "oversight_delegation", "peoples_boards", "joint_oversight"]
Trigger = Literal["annual_programme", "coordination_programme", "member_proposal", "feedback", "media"]
CaseStatus = Literal["opened", "planned", "concluded", "recommended", "closed"]
Contradiction = Literal[
    "figure_too_high", "figure_too_low", "counted_twice", "wrong_population", "no_evidence", "other"
]
"""Why a figure is contradicted, as the targets service knows it."""
DocumentNumber = Annotated[str, Text(max_length=60)]
"""Number of an official document, for example 12/KH-MTTQ-BTT."""
LongText = Annotated[str, Text(max_length=20_000, lines=True)]
"""The body of an official document."""


class OpenCase(ApiModel):
    """Opens a case; `submission_id` exactly when the trigger is "feedback"."""

    form: Form
    trigger: Trigger
    submission_id: Uuid | None = None
    presiding_organisation_id: Uuid | None = None
    title: SafeLine
    content: SafeText
    object_organisation_ids: list[Uuid] = Field(min_length=1, max_length=20)


class PlanParts(ApiModel):
    """The six parts of a plan (NQLT 403 Art. 7)."""

    purpose: SafeText
    scope: SafeText
    members: SafeText
    time_and_place: SafeText
    assignments: SafeText
    conditions: SafeText


class PlanCase(ApiModel):
    """The plan and its document."""

    parts: PlanParts
    document_number: DocumentNumber
    document_date: LegalDate


class DisputedValue(ApiModel):
    """A figure of an indicator that the conclusion contradicts: its indicator, period and reporting organisation."""

    indicator_code: Code
    period: Code
    organisation_id: Uuid
    reason_code: Contradiction


class ConcludeCase(ApiModel):
    """The signed conclusion and its document; the values it names are disputed at once, if they were reported."""

    conclusion: LongText
    document_number: DocumentNumber
    document_date: LegalDate
    disputed_values: list[DisputedValue] = Field(default_factory=list, max_length=20)


class OrganisationAnswer(Answer):
    """An organisation by id and name; the name is null when the copy does not know it."""

    id: UUID
    name: str | None

    @classmethod
    def of(cls, book: ReferenceBook, organisation: UUID) -> "OrganisationAnswer":
        """Look the name up."""
        return cls(id=organisation, name=name_of(book, organisation))


class PartText(Answer):
    """One part of a plan under its Vietnamese heading."""

    part: str
    heading: str
    text: str


class PlanAnswer(Answer):
    """The plan as issued."""

    parts: list[PartText]
    document_number: str
    document_date: date


class ConclusionAnswer(Answer):
    """The conclusion as signed."""

    conclusion: str
    document_number: str
    document_date: date
    disputed_values: list[DisputedValue]


class CaseAnswer(Answer):
    """A case file."""

    id: UUID
    version: int
    status: str
    status_text: str
    form: str
    form_text: str
    trigger: str
    trigger_text: str
    submission_id: UUID | None
    presiding_organisation: OrganisationAnswer
    object_organisations: list[OrganisationAnswer]
    title: str
    content: str
    opened_on: date
    plan: PlanAnswer | None
    conclusion: ConclusionAnswer | None
    closed_on: date | None
    available_actions: list[str]


class ClockAnswer(Answer):
    """One addressee of a recommendation and its clock."""

    organisation: OrganisationAnswer
    status: str
    status_text: str
    reply_due_on: date
    due_provisional: bool
    due_note_vi: str | None
    due_note_en: str | None
    rule: PinnedRuleAnswer


class ServedAnswer(Answer):
    """A recommendation of the case, in short."""

    id: UUID
    number: str
    served_on: date
    addressees: list[ClockAnswer]


class CaseDetail(CaseAnswer):
    """A case file with its recommendations."""

    recommendations: list[ServedAnswer]


def case_fields(case: Row[Any], actor: Actor, book: ReferenceBook) -> dict[str, Any]:
    """Return the fields of CaseAnswer for a row of the case table."""
    plan = conclusion = None
    if case.plan is not None:
        parts = [PartText(part=name, heading=heading, text=case.plan[name]) for name, heading in PLAN_PARTS.items()]
        plan = PlanAnswer(parts=parts, document_number=case.plan_number, document_date=case.plan_date)
    if case.conclusion is not None:
        conclusion = ConclusionAnswer(
            conclusion=case.conclusion,
            document_number=case.conclusion_number,
            document_date=case.conclusion_date,
            disputed_values=case.disputed_values,
        )
    return {
        "id": case.id,
        "version": case.version,
        "status": case.status,
        "status_text": STATUS_TEXTS[case.status],
        "form": case.form,
        "form_text": FORM_TEXTS[case.form],
        "trigger": case.trigger,
        "trigger_text": TRIGGER_TEXTS[case.trigger],
        "submission_id": case.submission_id,
        "presiding_organisation": OrganisationAnswer.of(book, case.presiding_organisation_id),
        "object_organisations": [OrganisationAnswer.of(book, one) for one in case.object_organisation_ids],
        "title": case.title,
        "content": case.content,
        "opened_on": case.opened_on,
        "plan": plan,
        "conclusion": conclusion,
        "closed_on": case.closed_on,
        "available_actions": _actions(case, actor),
    }


def _actions(case: Row[Any], actor: Actor) -> list[str]:
    return actions_from(STEPS, case.status, roles_for_case(actor, case.presiding_organisation_id))


def served_answers(rows: list[Row[Any]], book: ReferenceBook) -> list[ServedAnswer]:
    """Group one line per addressee into recommendations, keeping the order."""
    grouped: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(row.id, []).append(row)
    return [
        ServedAnswer(
            id=recommendation,
            number=lines[0].number,
            served_on=lines[0].served_on,
            addressees=[_clock(line, book) for line in lines],
        )
        for recommendation, lines in grouped.items()
    ]


def _clock(line: Row[Any], book: ReferenceBook) -> ClockAnswer:
    rule = read_pinned(line.rule)
    note_vi, note_en = provisional_note(line.due_provisional)
    return ClockAnswer(
        organisation=OrganisationAnswer.of(book, line.organisation_id),
        status=line.status,
        status_text=PART_STATUS_TEXTS[line.status],
        reply_due_on=line.reply_due_on,
        due_provisional=line.due_provisional,
        due_note_vi=note_vi,
        due_note_en=note_en,
        rule=pinned_rule_answer(rule.key, rule.version, rule),
    )
