"""Reports of the units: enter, correct, submit, return, verify, approve, and their history."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.actions.draft_report import NewReport, draft_report
from targets.actions.move_report import move_report
from targets.actions.revise_report import Correction, revise_report
from targets.api.access import Approver, Entering, Reader, Returning, TheLaw, TheLineage, Verifier, entering
from targets.api.report_models import (
    ChangeAnswer,
    CorrectionBody,
    NewReportBody,
    ReportAnswer,
    ReportStatus,
    ReturnBody,
)
from targets.api.successors import naming_successors
from targets.domain import refusals
from targets.domain.figures import Figures
from targets.queries import reports as queries
from targets.queries.reports import ReportFilter

router: APIRouter = new_router("targets", "reports")


@router.post(
    "/reports",
    status_code=201,
    dependencies=[entering, Idempotent],
    **answers(
        NotFound,
        AlreadyExists,
        refusals.PeriodClosed,
        refusals.PeriodNotOpened,
        refusals.UnknownPeriod,
        refusals.UnknownIndicator,
        refusals.ComputedIndicator,
        refusals.UnknownOrganisation,
        refusals.OrganisationNotValid,
        refusals.OrganisationNotExpected,
        refusals.BadFigures,
        refusals.RuleBroken,
    ),
)
async def create_report(
    actor: Entering,
    given: NewReportBody,
    response: Response,
    session: WriteSession,
    now: Now,
    law: TheLaw,
    lineage: TheLineage,
) -> ReportAnswer:
    """Enter a draft for one organisation, by itself or by one above it."""
    with naming_successors(lineage, given.organisation_id):
        report = await draft_report(
            session,
            NewReport(
                indicator_code=given.indicator_code,
                period=given.period,
                organisation_id=given.organisation_id,
                figures=Figures(given.numerator, given.denominator, given.breakdown or {}),
                counting_method=given.counting_method,
                denominator_source=given.denominator_source,
                note=given.note,
            ),
            actor=actor,
            now=now,
        )
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)


@router.get("/reports", **answers(InvalidCursor))
async def list_reports(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    now: Now,
    law: TheLaw,
    indicator_code: Annotated[Code | None, Query()] = None,
    period: Annotated[Code | None, Query()] = None,
    status: Annotated[ReportStatus | None, Query()] = None,
    organisation_id: Annotated[Uuid | None, Query()] = None,
) -> Page[ReportAnswer]:
    """List the reports the caller may see, in the order they were entered."""
    wanted = ReportFilter(indicator_code=indicator_code, period=period, status=status, organisation_id=organisation_id)
    window = pages.window(
        "targets.reports",
        {"indicator": indicator_code, "period": period, "status": status, "organisation": organisation_id},
    )
    rows = await queries.list_reports(session, window, wanted, actor)
    today = local_date(now)
    return window.page(rows, position=lambda row: (row.id,), item=lambda row: ReportAnswer.of(row, today, law))


@router.get("/reports/{report_id}", **answers(NotFound))
async def read_report(
    actor: Reader,
    report_id: Uuid,
    response: Response,
    session: ReadSession,
    now: Now,
    law: TheLaw,
) -> ReportAnswer:
    """Return a report with its evaluation and what the caller could do with it."""
    report = await queries.find_report(session, report_id, actor)
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)


@router.get("/reports/{report_id}/history", **answers(NotFound, InvalidCursor))
async def list_history(
    actor: Reader,
    report_id: Uuid,
    pages: PageQuery,
    session: ReadSession,
) -> Page[ChangeAnswer]:
    """List every change of a report, oldest first: old value, new value, who, when, why."""
    await queries.find_report(session, report_id, actor)
    window = pages.window("targets.history", {"report": report_id})
    rows = await queries.list_changes(session, report_id, window)
    return window.page(rows, position=lambda row: (row.version,), item=ChangeAnswer.of)


@router.patch(
    "/reports/{report_id}",
    **answers(
        StepNotAllowed, refusals.PeriodClosed, refusals.BadFigures, refusals.RuleBroken, refusals.NothingToChange
    ),
)
async def correct_report(
    actor: Entering,
    report_id: Uuid,
    given: CorrectionBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> ReportAnswer:
    """Correct a draft or a returned report, which becomes a draft again; the old values stay in its history."""
    correction = Correction(**{name: getattr(given, name) for name in CorrectionBody.model_fields})
    report = await revise_report(session, report_id, correction, version=version, actor=actor, now=now)
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)


@router.post(
    "/reports/{report_id}/submit",
    **answers(StepNotAllowed, refusals.PeriodClosed, refusals.WarningsUnanswered),
)
async def submit_report(
    actor: Entering,
    report_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> ReportAnswer:
    """Hand a draft in to be verified."""
    report = await move_report(session, report_id, action="submit", version=version, actor=actor, now=now)
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)


@router.post("/reports/{report_id}/return", **answers(StepNotAllowed, refusals.PeriodClosed, refusals.ReasonMissing))
async def return_report(
    actor: Returning,
    report_id: Uuid,
    given: ReturnBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> ReportAnswer:
    """Send a report back with a reason: the verifier before verifying, the approver before approving."""
    report = await move_report(
        session, report_id, action="return", version=version, actor=actor, now=now, reason=given.reason
    )
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)


@router.post("/reports/{report_id}/verify", **answers(StepNotAllowed, refusals.PeriodClosed, refusals.SamePerson))
async def verify_report(
    actor: Verifier,
    report_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> ReportAnswer:
    """Confirm a submitted report; never by who entered or submitted it."""
    report = await move_report(session, report_id, action="verify", version=version, actor=actor, now=now)
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)


@router.post("/reports/{report_id}/approve", **answers(StepNotAllowed, refusals.PeriodClosed, refusals.SamePerson))
async def approve_report(
    actor: Approver,
    report_id: Uuid,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> ReportAnswer:
    """Approve a verified report for the monitoring board; its figures count from now on."""
    report = await move_report(session, report_id, action="approve", version=version, actor=actor, now=now)
    set_etag(response, report.version)
    return ReportAnswer.of(report, local_date(now), law)
