"""Reporting periods: open, list, close, who owes a report, and until when."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from servicekit.clock import Now
from servicekit.db import FactSession, ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound, StepNotAllowed, Unavailable
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, FlagParam, Uuid
from servicekit.working_days import local_date
from targets.actions import close_period as closing
from targets.actions import open_period
from targets.api.access import MonitoringOfficer, Reader, TheLaw, monitoring
from targets.api.period_answers import (
    DeadlineAnswer,
    ExpectedAnswer,
    NewPeriod,
    PeriodAnswer,
    PeriodMove,
    PeriodStatus,
)
from targets.domain import refusals
from targets.domain.report_steps import RULE
from targets.domain.resolution_refusals import IncompleteIndicator
from targets.queries import periods as queries
from targets.queries.calendar import coded_period

router: APIRouter = new_router("targets", "periods")


@router.post(
    "/periods",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(
        AlreadyExists,
        refusals.UnknownIndicator,
        refusals.UnknownPeriod,
        refusals.WrongPeriodKind,
        refusals.PeriodNotBegun,
        refusals.PeriodBeforeIndicator,
        refusals.ComputedIndicator,
        IncompleteIndicator,
    ),
)
async def create_period(
    actor: MonitoringOfficer,
    given: NewPeriod,
    response: Response,
    session: WriteSession,
    now: Now,
    law: TheLaw,
) -> PeriodAnswer:
    """Open reporting for an indicator and a period; everyone who owes a report is listed, the due day is counted."""
    period = await coded_period(session, given.period)
    rule = law.rule_on(RULE, local_date(now))
    period_id = await open_period.open_period(
        session,
        indicator_code=given.indicator_code,
        period=period,
        counted=law.count(rule, period.last_day),
        actor=actor,
        now=now,
    )
    row = await queries.find_period(session, period_id)
    set_etag(response, row.version)
    return PeriodAnswer.of(row, actor, law)


@router.get("/periods", **answers(InvalidCursor))
async def list_periods(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    law: TheLaw,
    indicator_code: Annotated[Code | None, Query()] = None,
    status: Annotated[PeriodStatus | None, Query()] = None,
) -> Page[PeriodAnswer]:
    """List the reporting periods in the order they were opened."""
    window = pages.window("targets.periods", {"indicator_code": indicator_code, "status": status})
    rows = await queries.list_periods(session, window, indicator_code=indicator_code, status=status)
    return window.page(rows, position=lambda row: (row.id,), item=lambda row: PeriodAnswer.of(row, actor, law))


@router.get("/periods/{period_id}", **answers(NotFound))
async def read_period(
    actor: Reader,
    period_id: Uuid,
    response: Response,
    session: ReadSession,
    law: TheLaw,
) -> PeriodAnswer:
    """Return a period with how many reports stand where."""
    row = await queries.find_period(session, period_id)
    set_etag(response, row.version)
    return PeriodAnswer.of(row, actor, law)


@router.get("/periods/{period_id}/expected", **answers(NotFound, InvalidCursor))
async def list_expected(
    actor: Reader,
    period_id: Uuid,
    pages: PageQuery,
    session: ReadSession,
    missing: Annotated[FlagParam, Query(description="Only those who have entered nothing")] = False,
) -> Page[ExpectedAnswer]:
    """List who owes a report, as far as the caller may see them, and where each report stands."""
    await queries.find_period(session, period_id)
    window = pages.window("targets.expected", {"period": period_id, "missing": missing})
    rows = await queries.list_expected(session, window, period_id, actor, missing_only=missing)
    return window.page(rows, position=lambda row: (row.organisation_id,), item=ExpectedAnswer.of)


@router.get("/periods/{period_id}/deadline", **answers(NotFound))
async def explain_deadline(
    actor: Reader,
    period_id: Uuid,
    session: FactSession,
    law: TheLaw,
) -> DeadlineAnswer:
    """Explain, day by day, until when the reports of the period are due and how sure the rule is."""
    row = await queries.find_due_day(session, period_id)
    counted = law.explain(row.rule_key, row.rule_version, row.last_day)
    if counted is None:
        raise Unavailable
    return DeadlineAnswer.of(row, counted)


@router.post("/periods/{period_id}/close", **answers(StepNotAllowed))
async def close_period(
    actor: MonitoringOfficer,
    period_id: Uuid,
    given: PeriodMove,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    law: TheLaw,
) -> PeriodAnswer:
    """Close the period: nothing in it changes any more, but for units that are let in again by request."""
    await closing.close_period(session, period_id, reason_code=given.reason_code, version=version, actor=actor, now=now)
    row = await queries.find_period(session, period_id)
    set_etag(response, row.version)
    return PeriodAnswer.of(row, actor, law)
