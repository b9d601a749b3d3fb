"""Routes of recommendations and their addressees: each body has its own part, clock and state."""

from typing import Annotated

from fastapi import Query, Response

from oversight.actions.acknowledge_recommendation import acknowledge_recommendation
from oversight.actions.end_follow_up import end_follow_up
from oversight.actions.reply_to_recommendation import Reply, reply_to_recommendation
from oversight.actions.verify_reply import Verification, verify_reply
from oversight.api.access import Addressed, Book, FrontOfficer, RecommendationReader, TheLaw
from oversight.api.deadline_models import DeadlineAnswer, deadline_answer
from oversight.api.recommendation_models import (
    EndBody,
    PartAnswer,
    PartStatus,
    RecommendationAnswer,
    ReplyBody,
    VerifyBody,
    part_answer,
    recommendation_answer,
)
from oversight.domain import errors
from oversight.queries import recommendations
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import LegalDate, Uuid

router = new_router("oversight", "recommendations")
PART = "/recommendations/{recommendation_id}/addressees/{organisation_id}"


@router.get("/recommendations", summary="Danh sách kiến nghị theo nơi nhận", **answers(InvalidCursor))
async def get_recommendations(
    session: ReadSession,
    actor: RecommendationReader,
    book: Book,
    pages: PageQuery,
    status: Annotated[PartStatus | None, Query()] = None,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    case_id: Annotated[Uuid | None, Query()] = None,
    due_before: Annotated[LegalDate | None, Query()] = None,
) -> Page[PartAnswer]:
    """List the parts the caller may see, one line per addressee, the earliest due first."""
    filters = {
        "status": status,
        "organisation_id": organisation_id,
        "case_id": case_id,
        "due_before": due_before,
    }
    window = pages.window("oversight.recommendations", filters)
    rows = await recommendations.page_of_parts(
        session,
        window,
        actor,
        status=status,
        organisation_id=organisation_id,
        case_id=case_id,
        due_before=due_before,
    )
    return window.page(
        rows,
        position=lambda row: (row.reply_due_on, row.id),
        item=lambda row: part_answer(row, actor, book),
    )


@router.get("/recommendations/{recommendation_id}", summary="Kiến nghị và các nơi nhận")
async def get_recommendation(
    recommendation_id: Uuid,
    session: ReadSession,
    actor: RecommendationReader,
    book: Book,
    response: Response,
) -> RecommendationAnswer:
    """Return a recommendation with the addressees the caller may see.

    The ETag is made of those alone, so that an addressee learns nothing of the others.
    """
    parts = await recommendations.parts(session, recommendation_id, actor)
    set_etag(response, sum(part.version for part in parts))
    return recommendation_answer(parts, actor, book)


@router.get(PART, summary="Phần của một nơi nhận kiến nghị")
async def get_part(
    recommendation_id: Uuid,
    organisation_id: Uuid,
    session: ReadSession,
    actor: RecommendationReader,
    book: Book,
    response: Response,
) -> PartAnswer:
    """Return one addressee's part; its ETag is what a change of this part names in If-Match."""
    part = await recommendations.part(session, recommendation_id, organisation_id, actor)
    set_etag(response, part.version)
    return part_answer(part, actor, book)


@router.get(f"{PART}/deadline", summary="Giải thích hạn trả lời từng ngày")
async def get_deadline(
    recommendation_id: Uuid,
    organisation_id: Uuid,
    session: ReadSession,
    actor: RecommendationReader,
    book: Book,
    law: TheLaw,
    response: Response,
) -> DeadlineAnswer:
    """Explain day by day when this addressee's reply is due, by the pinned rule, how sure that is, and what it was."""
    part = await recommendations.part_for_deadline(session, recommendation_id, organisation_id, actor)
    set_etag(response, part.version)
    return deadline_answer(part, book, law)


@router.post(f"{PART}/acknowledge", summary="Xác nhận đã nhận kiến nghị", **answers(StepNotAllowed))
async def post_acknowledge(
    recommendation_id: Uuid,
    organisation_id: Uuid,
    session: WriteSession,
    actor: Addressed,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> PartAnswer:
    """Say that the recommendation has arrived."""
    await acknowledge_recommendation(
        session, recommendation_id, organisation_id, expected=version, actor=actor, now=now
    )
    part = await recommendations.part(session, recommendation_id, organisation_id, actor)
    set_etag(response, part.version)
    return part_answer(part, actor, book)


@router.post(f"{PART}/reply", summary="Trả lời kiến nghị", **answers(StepNotAllowed, errors.RefusalNeedsReason))
async def post_reply(
    recommendation_id: Uuid,
    organisation_id: Uuid,
    body: ReplyBody,
    session: WriteSession,
    actor: Addressed,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> PartAnswer:
    """Agree, agree in part, or refuse with a reason; also possible after the clock has run out."""
    await reply_to_recommendation(
        session,
        recommendation_id,
        organisation_id,
        Reply(**dict(body)),
        expected=version,
        actor=actor,
        now=now,
    )
    part = await recommendations.part(session, recommendation_id, organisation_id, actor)
    set_etag(response, part.version)
    return part_answer(part, actor, book)


@router.post(
    f"{PART}/verify",
    summary="Xác nhận kết quả thực hiện kiến nghị",
    **answers(StepNotAllowed, errors.VerifierIsReplier, errors.ResultDoesNotFit),
)
async def post_verification(
    recommendation_id: Uuid,
    organisation_id: Uuid,
    body: VerifyBody,
    session: WriteSession,
    actor: FrontOfficer,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> PartAnswer:
    """Check, with evidence, that the body did what it said; never by whoever replied."""
    await verify_reply(
        session,
        recommendation_id,
        organisation_id,
        Verification(**dict(body)),
        expected=version,
        actor=actor,
        now=now,
    )
    part = await recommendations.part(session, recommendation_id, organisation_id, actor)
    set_etag(response, part.version)
    return part_answer(part, actor, book)


@router.post(f"{PART}/end", summary="Kết thúc theo dõi một nơi nhận", **answers(StepNotAllowed, errors.EnderIsReplier))
async def post_end(
    recommendation_id: Uuid,
    organisation_id: Uuid,
    body: EndBody,
    session: WriteSession,
    actor: FrontOfficer,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> PartAnswer:
    """Stop following one addressee: escalated, replaced, or the body no longer exists."""
    await end_follow_up(
        session,
        recommendation_id,
        organisation_id,
        reason_code=body.reason_code,
        note=body.note,
        expected=version,
        actor=actor,
        now=now,
    )
    part = await recommendations.part(session, recommendation_id, organisation_id, actor)
    set_etag(response, part.version)
    return part_answer(part, actor, book)
