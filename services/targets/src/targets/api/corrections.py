"""Corrections of approved reports: ask, list, verify, approve, refuse."""

from decimal import Decimal
from typing import Any, Literal, Self

from fastapi import APIRouter, Response
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Exact, Instant, SafeText, Uuid
from targets.actions.correct_approved import decide_correction
from targets.actions.correct_approved import request_correction as ask
from targets.actions.revise_report import Correction
from targets.api.access import Approver, Entering, Reader, Returning, Verifier, entering
from targets.api.report_models import CorrectionBody, ReturnBody
from targets.api.shared_answers import CategoryAnswer, categories
from targets.domain import refusals, reporting_refusals
from targets.domain.wording import CORRECTION_STATUSES
from targets.queries import beside_reports as queries
from targets.queries.reports import find_report

router: APIRouter = new_router("targets", "corrections")


class CorrectionRequest(CorrectionBody):
    """What an approved report should say, and why; what is left out stays."""

    reason: SafeText


class CorrectionAnswer(Answer):
    """A correction and what became of it; the report keeps its approved value until `approved`."""

    id: Uuid
    report_id: Uuid
    status: Literal["requested", "verified", "approved", "refused"]
    status_vi: str
    version: int
    numerator: Exact
    denominator: Exact | None
    breakdown: list[CategoryAnswer]
    counting_method: str
    denominator_source: str | None
    note: str | None
    reason: str
    requested_by: Uuid
    requested_at: Instant
    verified_by: Uuid | None
    approved_by: Uuid | None
    refused_by: Uuid | None
    refusal_reason: str | None
    decided_at: Instant | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored correction."""
        made = ("status_vi", "breakdown")
        shown = {name: getattr(row, name) for name in cls.model_fields if name not in made}
        breakdown = categories({name: Decimal(value) for name, value in row.breakdown.items()})
        return cls(**shown, status_vi=CORRECTION_STATUSES[row.status][0], breakdown=breakdown)


@router.post(
    "/reports/{report_id}/corrections",
    status_code=201,
    dependencies=[entering, Idempotent],
    **answers(
        NotFound,
        refusals.PeriodClosed,
        refusals.NothingToChange,
        refusals.BadFigures,
        reporting_refusals.NothingApproved,
        reporting_refusals.CorrectionWaiting,
    ),
)
async def request_correction(
    actor: Entering, report_id: Uuid, given: CorrectionRequest, response: Response, session: WriteSession, now: Now
) -> CorrectionAnswer:
    """Ask for an approved report to be put right; its approved value goes on counting until this is approved."""
    asked = Correction(**{name: getattr(given, name) for name in CorrectionRequest.model_fields})
    correction_id = await ask(session, report_id, asked, actor=actor, now=now)
    return await _shown(session, correction_id, response)


@router.get("/reports/{report_id}/corrections", **answers(NotFound, InvalidCursor))
async def list_corrections(
    actor: Reader, report_id: Uuid, pages: PageQuery, session: ReadSession
) -> Page[CorrectionAnswer]:
    """List the corrections of a report, in their order."""
    await find_report(session, report_id, actor)
    window = pages.window("targets.corrections", {"report": report_id})
    rows = await queries.list_corrections(session, window, report_id)
    return window.page(rows, position=lambda row: (row.id,), item=CorrectionAnswer.of)


@router.post(
    "/corrections/{correction_id}/verify",
    **answers(NotFound, StepNotAllowed, refusals.PeriodClosed, refusals.SamePerson),
)
async def verify_correction(
    actor: Verifier,
    correction_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> CorrectionAnswer:
    """Confirm a correction; never by whoever asked for it."""
    await decide_correction(session, correction_id, action="verify", version=version, actor=actor, now=now)
    return await _shown(session, correction_id, response)


@router.post(
    "/corrections/{correction_id}/approve",
    **answers(NotFound, StepNotAllowed, refusals.PeriodClosed, refusals.SamePerson),
)
async def approve_correction(
    actor: Approver,
    correction_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> CorrectionAnswer:
    """Approve a verified correction; its values count from now on in place of the earlier ones."""
    await decide_correction(session, correction_id, action="approve", version=version, actor=actor, now=now)
    return await _shown(session, correction_id, response)


@router.post(
    "/corrections/{correction_id}/refuse",
    **answers(NotFound, StepNotAllowed, refusals.PeriodClosed, refusals.ReasonMissing),
)
async def refuse_correction(
    actor: Returning,
    correction_id: Uuid,
    given: ReturnBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> CorrectionAnswer:
    """Refuse a correction with a reason: the verifier before verifying, the approver before approving."""
    await decide_correction(
        session, correction_id, action="refuse", version=version, actor=actor, now=now, reason=given.reason
    )
    return await _shown(session, correction_id, response)


async def _shown(session: WriteSession, correction_id: Uuid, response: Response) -> CorrectionAnswer:
    row = await queries.find_correction(session, correction_id)
    set_etag(response, row.version)
    return CorrectionAnswer.of(row)
