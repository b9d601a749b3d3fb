"""Forms: what is reported together; opening and closing a period of all of it."""

from fastapi import APIRouter, Response

from servicekit.clock import Now
from servicekit.db import FactSession, ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code
from servicekit.working_days import local_date
from targets.actions import close_period, open_form_period, put_form
from targets.api.access import MonitoringOfficer, Reader, TheLaw, monitoring
from targets.api.form_models import FormAnswer, FormChange, FormDetail, FormPeriodAnswer, NewForm, OpenFormPeriod
from targets.api.period_answers import PeriodMove
from targets.domain import refusals, reporting_refusals
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.report_steps import RULE
from targets.domain.resolution_refusals import IncompleteIndicators
from targets.queries import forms as queries
from targets.queries.calendar import coded_period, named_period

router: APIRouter = new_router("targets", "forms")


@router.get("/forms", **answers(InvalidCursor))
async def list_forms(actor: Reader, pages: PageQuery, session: FactSession) -> Page[FormAnswer]:
    """List the forms by code."""
    window = pages.window("targets.forms")
    rows = await queries.list_forms(session, window, actor)
    return window.page(rows, position=lambda form: (form.code,), item=FormAnswer.of)


@router.post(
    "/forms",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(AlreadyExists, reporting_refusals.BadForm, refusals.UnknownIndicator),
)
async def create_form(
    actor: MonitoringOfficer, given: NewForm, response: Response, session: WriteSession, now: Now
) -> FormAnswer:
    """Make a form."""
    form = await put_form.create_form(
        session, given.as_form(), resolution_number=given.resolution, actor=actor, now=now
    )
    set_etag(response, form.version)
    return FormAnswer.of(form)


@router.get("/forms/{code}", **answers(NotFound))
async def read_form(actor: Reader, code: Code, response: Response, session: FactSession) -> FormDetail:
    """Return a form with the indicators it holds."""
    form, _ = await queries.find_form(session, code, actor)
    set_etag(response, form.version)
    return FormDetail.with_indicators(form, await queries.list_form_indicators(session, form))


@router.patch("/forms/{code}", **answers(NotFound, reporting_refusals.BadForm, refusals.UnknownIndicator))
async def change_form(
    actor: MonitoringOfficer,
    code: Code,
    given: FormChange,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> FormAnswer:
    """Give a form a new version; periods already opened keep theirs."""
    form = await put_form.change_form(session, code, given.changes(), version=version, actor=actor, now=now)
    set_etag(response, form.version)
    return FormAnswer.of(form)


@router.post(
    "/forms/{code}/periods",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(
        NotFound,
        AlreadyExists,
        refusals.UnknownPeriod,
        refusals.PeriodNotBegun,
        reporting_refusals.WrongFormPeriod,
        reporting_refusals.FormEmpty,
        IncompleteIndicators,
    ),
)
async def create_form_period(
    actor: MonitoringOfficer,
    code: Code,
    given: OpenFormPeriod,
    response: Response,
    session: WriteSession,
    now: Now,
    law: TheLaw,
) -> FormPeriodAnswer:
    """Open a period for all indicators of a form at once; everyone who owes what is listed."""
    period = await coded_period(session, given.period)
    counted = law.count(law.rule_on(RULE, local_date(now)), period.last_day)
    form = await open_form_period.open_form_period(session, code, period, counted=counted, actor=actor, now=now)
    rows = await queries.find_form_period(session, form, period)
    set_etag(response, sum(row.version for row in rows))
    return FormPeriodAnswer.of(form, rows)


@router.get("/forms/{code}/periods/{period}", **answers(NotFound, refusals.UnknownPeriod, NotOnePeriod))
async def read_form_period(
    actor: Reader, code: Code, period: Code, response: Response, session: ReadSession, now: Now
) -> FormPeriodAnswer:
    """Return where everything of a form stands in one period."""
    wanted = await named_period(session, period, local_date(now))
    form, _ = await queries.find_form(session, code, actor)
    rows = await queries.find_form_period(session, form, wanted)
    set_etag(response, sum(row.version for row in rows))
    return FormPeriodAnswer.of(form, rows)


@router.post("/forms/{code}/periods/{period}/close", **answers(NotFound, refusals.UnknownPeriod, StepNotAllowed))
async def close_form_period(
    actor: MonitoringOfficer,
    code: Code,
    period: Code,
    given: PeriodMove,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> FormPeriodAnswer:
    """Close the period for every indicator of the form: nothing in it changes any more."""
    wanted = await coded_period(session, period)
    form, _ = await queries.find_form(session, code, actor)
    await close_period.close_form_period(
        session, form, wanted, reason_code=given.reason_code, version=version, actor=actor, now=now
    )
    rows = await queries.find_form_period(session, form, wanted)
    set_etag(response, sum(row.version for row in rows))
    return FormPeriodAnswer.of(form, rows)
