"""Routes of the case file: opened → planned → concluded → recommended → closed."""

from typing import Annotated

from fastapi import Query, Response

from oversight.actions.close_case import close_case
from oversight.actions.conclude_case import Conclusion, conclude_case
from oversight.actions.open_case import NewCase, open_case
from oversight.actions.plan_case import Plan, plan_case
from oversight.actions.serve_recommendation import NewRecommendation, Served, serve_recommendation
from oversight.api.access import Book, CaseReader, FrontOfficer, TheLaw
from oversight.api.case_models import (
    CaseAnswer,
    CaseDetail,
    CaseStatus,
    ConcludeCase,
    Form,
    OpenCase,
    PlanCase,
    case_fields,
    served_answers,
)
from oversight.api.recommendation_models import RecommendationAnswer, ServeRecommendation, recommendation_answer
from oversight.domain import errors
from oversight.queries import cases, recommendations
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, Forbidden, NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid

router = new_router("oversight", "cases")


@router.post(
    "/cases",
    status_code=201,
    dependencies=[Idempotent],
    summary="Mở hồ sơ giám sát",
    **answers(
        NotFound,
        AlreadyExists,
        errors.TriggerAndSubmission,
        errors.PresidingBodyRequired,
        errors.PresidingBodyNamed,
        errors.NamedTwice,
        errors.UnknownOrganisation,
        errors.RuleUnknown,
    ),
)
async def post_case(
    body: OpenCase, session: WriteSession, actor: FrontOfficer, now: Now, book: Book, law: TheLaw, response: Response
) -> CaseAnswer:
    """Open a case at the caller's Front committee; one case at most for a feedback item."""
    case = await open_case(session, NewCase(**dict(body)), actor=actor, now=now, book=book, law=law)
    set_etag(response, case.version)
    response.headers["Location"] = f"/api/v1/oversight/cases/{case.id}"
    return CaseAnswer(**case_fields(case, actor, book))


@router.get("/cases", summary="Danh sách hồ sơ giám sát", **answers(InvalidCursor))
async def get_cases(
    session: ReadSession,
    actor: CaseReader,
    book: Book,
    pages: PageQuery,
    status: Annotated[CaseStatus | None, Query()] = None,
    form: Annotated[Form | None, Query()] = None,
    submission_id: Annotated[Uuid | None, Query()] = None,
    presiding_organisation_id: Annotated[Uuid | None, Query()] = None,
) -> Page[CaseAnswer]:
    """List the case files the caller may see, newest first."""
    filters = {
        "status": status,
        "form": form,
        "submission_id": submission_id,
        "presiding_organisation_id": presiding_organisation_id,
    }
    window = pages.window("oversight.cases", filters)
    rows = await cases.cases(
        session,
        window,
        actor,
        status=status,
        form=form,
        submission_id=submission_id,
        presiding_organisation_id=presiding_organisation_id,
    )
    return window.page(
        rows,
        position=lambda row: (row.id,),
        item=lambda row: CaseAnswer(**case_fields(row, actor, book)),
    )


@router.get("/cases/{case_id}", summary="Hồ sơ giám sát")
async def get_case(
    case_id: Uuid, session: ReadSession, actor: CaseReader, book: Book, response: Response
) -> CaseDetail:
    """Return a case file with the clocks of its recommendations."""
    case, clocks = await cases.case_with_clocks(session, case_id, actor)
    set_etag(response, case.version)
    return CaseDetail(**case_fields(case, actor, book), recommendations=served_answers(clocks, book))


@router.post(
    "/cases/{case_id}/plan",
    summary="Ban hành kế hoạch giám sát",
    **answers(StepNotAllowed, errors.PlanIncomplete, errors.DatesOutOfOrder),
)
async def post_plan(
    case_id: Uuid,
    body: PlanCase,
    session: WriteSession,
    actor: FrontOfficer,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> CaseAnswer:
    """Record the plan with its six parts."""
    plan = Plan(
        parts=body.parts.model_dump(),
        document_number=body.document_number,
        document_date=body.document_date,
    )
    case = await plan_case(session, case_id, plan, expected=version, actor=actor, now=now)
    set_etag(response, case.version)
    return CaseAnswer(**case_fields(case, actor, book))


@router.post(
    "/cases/{case_id}/conclude",
    summary="Ban hành kết luận giám sát",
    **answers(StepNotAllowed, errors.DatesOutOfOrder),
)
async def post_conclusion(
    case_id: Uuid,
    body: ConcludeCase,
    session: WriteSession,
    actor: FrontOfficer,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> CaseAnswer:
    """Record the signed conclusion."""
    conclusion = Conclusion(
        text=body.conclusion,
        document_number=body.document_number,
        document_date=body.document_date,
        disputed_values=tuple(one.model_dump(mode="json") for one in body.disputed_values),
    )
    case = await conclude_case(session, case_id, conclusion, expected=version, actor=actor, now=now)
    set_etag(response, case.version)
    return CaseAnswer(**case_fields(case, actor, book))


@router.post(
    "/cases/{case_id}/recommendations",
    status_code=201,
    dependencies=[Idempotent],
    summary="Gửi kiến nghị sau giám sát",
    **answers(
        StepNotAllowed,
        AlreadyExists,
        errors.RecipientsIncomplete,
        errors.DatesOutOfOrder,
        errors.NamedTwice,
        errors.PresidingBodyNamed,
        errors.UnknownOrganisation,
        errors.ReplyDateNotAllowed,
    ),
)
async def post_recommendation(
    case_id: Uuid,
    body: ServeRecommendation,
    session: WriteSession,
    actor: FrontOfficer,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    law: TheLaw,
    response: Response,
) -> RecommendationAnswer:
    """Serve one recommendation on several bodies; If-Match names the case's version, each body gets its own clock."""
    new = NewRecommendation(
        number=body.number,
        text=body.text,
        served_on=body.served_on,
        addressees=[Served(**dict(one)) for one in body.addressees],
    )
    case, made, rows = await serve_recommendation(
        session, case_id, new, expected=version, actor=actor, now=now, book=book, law=law
    )
    parts = recommendations.served_parts(case, made, rows)
    set_etag(response, sum(part.version for part in parts))
    response.headers["Location"] = f"/api/v1/oversight/recommendations/{made.id}"
    return recommendation_answer(parts, actor, book)


@router.post(
    "/cases/{case_id}/close",
    summary="Kết thúc hồ sơ giám sát",
    **answers(StepNotAllowed, errors.AddresseesOpen, Forbidden),
)
async def post_close(
    case_id: Uuid,
    session: WriteSession,
    actor: FrontOfficer,
    now: Now,
    version: ExpectedVersion,
    book: Book,
    response: Response,
) -> CaseAnswer:
    """Close a case whose addressees were all verified or ended."""
    case = await close_case(session, case_id, expected=version, actor=actor, now=now)
    set_etag(response, case.version)
    return CaseAnswer(**case_fields(case, actor, book))
