"""Requests to reopen a closed period for some units until a day."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Instant, LegalDate, SafeText, Uuid
from targets.actions.reopen_period import Asked, decide_reopening
from targets.actions.reopen_period import request_reopening as ask
from targets.api.access import Asking, MonitoringOfficer, Reader, asking
from targets.domain import refusals, reporting_refusals
from targets.domain.wording import REOPENING_STATUSES
from targets.queries import reopenings as queries

router: APIRouter = new_router("targets", "reopenings")
RequestStatus = Literal["requested", "approved", "refused", "relocked"]


class ReopeningBody(ApiModel):
    """For which units, until which day, and why; without units everyone who owes a report (monitoring board only)."""

    organisation_ids: Annotated[list[Uuid], Field(min_length=1, max_length=500)] | None = None
    until_on: LegalDate
    reason: SafeText


class DecisionBody(ApiModel):
    """Why; a refusal needs it."""

    reason: SafeText | None = None


class ReopeningAnswer(Answer):
    """A request and what became of it."""

    id: Uuid
    period_id: Uuid
    indicator_code: str
    period: str
    organisation_id: Uuid
    organisation_ids: list[Uuid]
    until_on: LegalDate
    reason: str
    status: RequestStatus
    status_vi: str
    version: int
    requested_by: Uuid
    requested_at: Instant
    decided_by: Uuid | None
    decided_at: Instant | None
    decision_reason: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored request."""
        shown = {name: getattr(row, name) for name in cls.model_fields if name != "status_vi"}
        return cls(**shown, status_vi=REOPENING_STATUSES[row.status][0])


@router.post(
    "/periods/{period_id}/reopen-requests",
    status_code=201,
    dependencies=[asking, Idempotent],
    **answers(NotFound, reporting_refusals.PeriodNotClosed, reporting_refusals.BadReopening),
)
async def request_reopening(
    actor: Asking, period_id: Uuid, given: ReopeningBody, response: Response, session: WriteSession, now: Now
) -> ReopeningAnswer:
    """Ask for a closed period to be opened again for some units until a day; an extension is a new request."""
    named = None if given.organisation_ids is None else tuple(given.organisation_ids)
    asked = Asked(named, given.until_on, given.reason)
    request_id = await ask(session, period_id, asked, actor=actor, now=now)
    row = await queries.find_request(session, request_id)
    set_etag(response, row.version)
    return ReopeningAnswer.of(row)


@router.get("/reopen-requests", **answers(InvalidCursor))
async def list_reopen_requests(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    period_id: Annotated[Uuid | None, Query()] = None,
    status: Annotated[RequestStatus | None, Query()] = None,
) -> Page[ReopeningAnswer]:
    """List the requests of the caller's units, and for the monitoring board all, in the order they were made."""
    window = pages.window("targets.reopenings", {"period": period_id, "status": status})
    rows = await queries.list_requests(session, window, period_id=period_id, status=status)
    return window.page(rows, position=lambda row: (row.id,), item=ReopeningAnswer.of)


@router.get("/reopen-requests/{request_id}", **answers(NotFound))
async def read_reopen_request(
    actor: Reader, request_id: Uuid, response: Response, session: ReadSession
) -> ReopeningAnswer:
    """Return one request."""
    row = await queries.find_request(session, request_id)
    set_etag(response, row.version)
    return ReopeningAnswer.of(row)


_ANSWERS = answers(NotFound, StepNotAllowed, reporting_refusals.OwnRequest, reporting_refusals.BadReopening)


@router.post("/reopen-requests/{request_id}/approve", **_ANSWERS)
async def approve_reopening(
    actor: MonitoringOfficer,
    request_id: Uuid,
    given: DecisionBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> ReopeningAnswer:
    """Let the units in until the day named; never by whoever asked."""
    await decide_reopening(
        session, request_id, action="approve", reason=given.reason, version=version, actor=actor, now=now
    )
    row = await queries.find_request(session, request_id)
    set_etag(response, row.version)
    return ReopeningAnswer.of(row)


@router.post(
    "/reopen-requests/{request_id}/refuse",
    **answers(NotFound, StepNotAllowed, reporting_refusals.OwnRequest, refusals.ReasonMissing),
)
async def refuse_reopening(
    actor: MonitoringOfficer,
    request_id: Uuid,
    given: DecisionBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> ReopeningAnswer:
    """Refuse the request with a reason; never by whoever asked."""
    await decide_reopening(
        session, request_id, action="refuse", reason=given.reason, version=version, actor=actor, now=now
    )
    row = await queries.find_request(session, request_id)
    set_etag(response, row.version)
    return ReopeningAnswer.of(row)
