"""The steps of staff, one route each. Every change names the version it was decided on (If-Match)."""

from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from contracts.feedback_v1 import Kind
from feedback.actions.accept import accept
from feedback.actions.answer import answer
from feedback.actions.assign import assign
from feedback.actions.classify import classify
from feedback.actions.guide_out import guide_out
from feedback.actions.refuse import refuse
from feedback.actions.reveal_identity import reveal_identity
from feedback.actions.take_step import Taken
from feedback.api.access import Answerer, Head, Intake, Revealer, TheOffice
from feedback.api.item_models import ContactAnswer, StepAnswer
from feedback.domain.intake import NoIdentity, UnknownHolder
from feedback.domain.submission_steps import NotForThisChannel
from feedback.domain.texts import STATUSES
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.deadline_answers import provisional_note
from servicekit.errors import StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.routes import answers, new_router
from servicekit.text import ApiModel, SafeText, Uuid

router = new_router("feedback", "submissions")
_ITEM = "/submissions/{submission_id}"


class ClassifyIn(ApiModel):
    """What it is (domain.md §5.1)."""

    kind: Kind


class RefuseIn(ApiModel):
    """Why it is refused; the sender reads the text (grounds: NĐ 154 Art. 4, to be checked)."""

    reason_code: Literal[
        "repeat_without_new_facts", "already_judged", "handled_elsewhere", "unclear", "abusive", "other"
    ]
    text: SafeText


class GuideOutIn(ApiModel):
    """Where the sender should go and how."""

    text: SafeText


class AssignIn(ApiModel):
    """Who has to answer: a body of the commune or of the city."""

    holder_organisation_id: Uuid


class AnswerIn(ApiModel):
    """What was done; a refusal is given as outcome with its reason in the text."""

    outcome: Literal["done", "planned", "partly", "refused", "not_in_authority", "information"]
    text: SafeText


class RevealIn(ApiModel):
    """Why the identity is needed."""

    reason_code: Annotated[
        Literal["contact_sender", "legal_duty", "safety", "sender_request"],
        Field(description="Recorded, and shown to the sender."),
    ]


@router.post(f"{_ITEM}/classify", response_model=StepAnswer, **answers(StepNotAllowed))
async def classify_submission(
    submission_id: Uuid,
    body: ClassifyIn,
    actor: Intake,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    response: Response,
) -> StepAnswer:
    """Classify (phân loại)."""
    taken = await classify(session, submission_id, kind=body.kind, expected=version, actor=actor, now=now)
    return _stands(taken, response)


@router.post(f"{_ITEM}/accept", response_model=StepAnswer, **answers(StepNotAllowed, NotForThisChannel))
async def accept_submission(
    submission_id: Uuid,
    actor: Intake,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> StepAnswer:
    """Accept for handling (thụ lý); starts the clock of FB.RESOLVE."""
    taken = await accept(session, submission_id, expected=version, actor=actor, now=now, law=office.law)
    return _stands(taken, response)


@router.post(f"{_ITEM}/refuse", response_model=StepAnswer, **answers(StepNotAllowed))
async def refuse_submission(
    submission_id: Uuid,
    body: RefuseIn,
    actor: Head,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> StepAnswer:
    """Refuse (không thụ lý), with a reason the sender reads."""
    taken = await refuse(
        session,
        submission_id,
        reason_code=body.reason_code,
        text=body.text,
        expected=version,
        actor=actor,
        now=now,
        keys=office.keys,
    )
    return _stands(taken, response)


@router.post(f"{_ITEM}/guide-out", response_model=StepAnswer, **answers(StepNotAllowed))
async def guide_sender_out(
    submission_id: Uuid,
    body: GuideOutIn,
    actor: Intake,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> StepAnswer:
    """Tell the sender which body is competent (hướng dẫn)."""
    taken = await guide_out(
        session, submission_id, text=body.text, expected=version, actor=actor, now=now, keys=office.keys
    )
    return _stands(taken, response)


@router.post(f"{_ITEM}/assign", response_model=StepAnswer, **answers(StepNotAllowed, UnknownHolder))
async def assign_submission(
    submission_id: Uuid,
    body: AssignIn,
    actor: Intake,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> StepAnswer:
    """Give it to the one body that has to answer; after a dispute the clock starts anew."""
    taken = await assign(
        session,
        submission_id,
        holder_organisation_id=body.holder_organisation_id,
        expected=version,
        actor=actor,
        now=now,
        law=office.law,
        directory=office.directory,
    )
    return _stands(taken, response)


@router.post(f"{_ITEM}/answer", response_model=StepAnswer, **answers(StepNotAllowed))
async def answer_submission(
    submission_id: Uuid,
    body: AnswerIn,
    actor: Answerer,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> StepAnswer:
    """Answer for the body that holds it."""
    taken = await answer(
        session,
        submission_id,
        outcome=body.outcome,
        text=body.text,
        expected=version,
        actor=actor,
        now=now,
        keys=office.keys,
    )
    return _stands(taken, response)


@router.post(f"{_ITEM}/reveal-identity", response_model=ContactAnswer, **answers(NoIdentity))
async def reveal(
    submission_id: Uuid,
    body: RevealIn,
    actor: Revealer,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> ContactAnswer:
    """Look at who sent it. The look is recorded, and the sender sees it in the timeline."""
    contact = await reveal_identity(
        session,
        submission_id,
        reason_code=body.reason_code,
        expected=version,
        actor=actor,
        now=now,
        keys=office.keys,
    )
    response.headers["Cache-Control"] = "no-store"
    return ContactAnswer.model_validate(contact)


def _stands(taken: Taken, response: Response) -> StepAnswer:
    set_etag(response, taken.version)
    note_vi, note_en = provisional_note(taken.due_provisional)
    return StepAnswer(
        id=taken.id,
        status=taken.status,
        version=taken.version,
        holder_organisation_id=taken.holder_organisation_id,
        due_on=taken.due_on,
        due_provisional=taken.due_provisional,
        due_note_vi=note_vi,
        due_note_en=note_en,
        status_text_vi=STATUSES[taken.status][0],
    )
