"""Disputes over values: raise, read, answer, decide, close, and their history."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.identity import Actor
from servicekit.law_book import Law
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.actions.move_dispute import Move, move_dispute
from targets.actions.raise_dispute import NewDispute, raise_dispute
from targets.api.access import Answering, Deciding, Raising, Reader, TheLaw, raising
from targets.api.dispute_models import (
    DisputeAnswer,
    DisputeAnswerBody,
    DisputeChangeAnswer,
    DisputeStatus,
    NewDisputeBody,
    RejectionBody,
)
from targets.domain import dispute_refusals
from targets.domain.dispute_steps import RULE
from targets.domain.disputes import Kind
from targets.domain.refusals import UnknownPeriod
from targets.queries import dispute_files as queries
from targets.queries.dispute_files import DisputeFilter, roles_in_dispute

router: APIRouter = new_router("targets", "disputes")


@router.post(
    "/disputes",
    status_code=201,
    dependencies=[raising, Idempotent],
    **answers(
        NotFound,
        AlreadyExists,
        UnknownPeriod,
        dispute_refusals.NoSuchValue,
        dispute_refusals.UnknownSubject,
        dispute_refusals.SubjectOfOtherKind,
        dispute_refusals.TooFewSubmissions,
    ),
)
async def create_dispute(
    actor: Raising,
    given: NewDisputeBody,
    response: Response,
    session: WriteSession,
    now: Now,
    law: TheLaw,
) -> DisputeAnswer:
    """Dispute a value by feedback of one matter or by a finding of oversight; it is marked until its owner answers."""
    today = local_date(now)
    dispute_id = await raise_dispute(
        session,
        NewDispute(
            kind=given.kind,
            indicator_code=given.indicator_code,
            period=given.period,
            organisation_id=given.organisation_id,
            subject_ids=tuple(given.subject_ids),
            reason_code=given.reason_code,
            text=given.text,
        ),
        counted=law.count(law.rule_on(RULE, today), today),
        actor=actor,
        now=now,
    )
    return await _shown(session, dispute_id, response, actor, law)


@router.get("/disputes", **answers(InvalidCursor))
async def list_disputes(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    law: TheLaw,
    indicator_code: Annotated[Code | None, Query()] = None,
    period: Annotated[Code | None, Query()] = None,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    status: Annotated[DisputeStatus | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
) -> Page[DisputeAnswer]:
    """List the disputes the caller may see, from the owner's side, the source's or the board's."""
    wanted = DisputeFilter(
        indicator_code=indicator_code, period=period, organisation_id=organisation_id, status=status, kind=kind
    )
    filters = {
        "indicator": indicator_code,
        "period": period,
        "organisation": organisation_id,
        "status": status,
        "kind": kind,
    }
    window = pages.window("targets.disputes", filters)
    rows = await queries.list_disputes(session, window, wanted, actor)
    return window.page(
        rows,
        position=lambda row: (row.id,),
        item=lambda row: DisputeAnswer.of(row, roles_in_dispute(actor, row), law),
    )


@router.get("/disputes/{dispute_id}", **answers(NotFound))
async def read_dispute(
    actor: Reader, dispute_id: Uuid, response: Response, session: ReadSession, law: TheLaw
) -> DisputeAnswer:
    """Return a dispute with what the caller could do with it."""
    return await _shown(session, dispute_id, response, actor, law)


@router.get("/disputes/{dispute_id}/history", **answers(NotFound, InvalidCursor))
async def list_dispute_history(
    actor: Reader, dispute_id: Uuid, pages: PageQuery, session: ReadSession
) -> Page[DisputeChangeAnswer]:
    """List every change of a dispute, oldest first: who, when, and what was said."""
    await queries.find_dispute(session, dispute_id, actor)
    window = pages.window("targets.dispute_history", {"dispute": dispute_id})
    rows = await queries.list_changes(session, dispute_id, window)
    return window.page(rows, position=lambda row: (row.version,), item=DisputeChangeAnswer.of)


@router.post(
    "/disputes/{dispute_id}/answer",
    **answers(
        StepNotAllowed,
        dispute_refusals.AnswererRaisedIt,
        dispute_refusals.NoCorrection,
        dispute_refusals.ReasonsMissing,
    ),
)
async def answer_dispute(
    actor: Answering,
    dispute_id: Uuid,
    given: DisputeAnswerBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> DisputeAnswer:
    """Answer for the owner, with reasons: the figure stands, or it was corrected and the correction is approved."""
    move = Move(action="answer", text=given.text, answer=given.answer, report_version=given.report_version)
    await move_dispute(session, dispute_id, move, version=version, actor=actor, now=now)
    return await _shown(session, dispute_id, response, actor, law)


@router.post("/disputes/{dispute_id}/accept", **answers(StepNotAllowed, dispute_refusals.DeciderAnswered))
async def accept_answer(
    actor: Deciding,
    dispute_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> DisputeAnswer:
    """Accept the owner's answer for the monitoring board."""
    await move_dispute(session, dispute_id, Move(action="accept"), version=version, actor=actor, now=now)
    return await _shown(session, dispute_id, response, actor, law)


@router.post(
    "/disputes/{dispute_id}/reject",
    **answers(StepNotAllowed, dispute_refusals.DeciderAnswered, dispute_refusals.ReasonsMissing),
)
async def reject_answer(
    actor: Deciding,
    dispute_id: Uuid,
    given: RejectionBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> DisputeAnswer:
    """Reject the owner's answer: the value is marked again, and another answer is due by a day counted from today."""
    today = local_date(now)
    move = Move(action="reject", text=given.text, counted=law.count(law.rule_on(RULE, today), today))
    await move_dispute(session, dispute_id, move, version=version, actor=actor, now=now)
    return await _shown(session, dispute_id, response, actor, law)


@router.post("/disputes/{dispute_id}/close", **answers(StepNotAllowed))
async def close_dispute(
    actor: Deciding,
    dispute_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> DisputeAnswer:
    """Close a dispute whose answer was accepted."""
    await move_dispute(session, dispute_id, Move(action="close"), version=version, actor=actor, now=now)
    return await _shown(session, dispute_id, response, actor, law)


async def _shown(session: AsyncSession, dispute_id: Uuid, response: Response, actor: Actor, law: Law) -> DisputeAnswer:
    row = await queries.find_dispute(session, dispute_id, actor)
    set_etag(response, row.version)
    return DisputeAnswer.of(row, roles_in_dispute(actor, row), law)
