"""A unit's sheet of a form: read, fill, submit; and the levels above sign many reports at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import NotFound
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.actions.fill_sheet import SheetValue
from targets.actions.fill_sheet import fill_sheet as fill
from targets.actions.sign_reports import Wanted, sign_reports
from targets.actions.submit_sheet import submit_sheet as submit
from targets.api.access import Approver, Entering, Reader, Returning, Verifier, approving, returning, verifying
from targets.api.form_models import Act
from targets.api.sheet_models import FilledAnswer, SheetAnswer, SheetBody
from targets.api.sign_models import ReturnManyBody, SignBody, SignedAnswer, WaitingAnswer
from targets.domain import refusals, reporting_refusals
from targets.domain.period_refusals import NotOnePeriod
from targets.queries import forms, sheets
from targets.queries.calendar import coded_period, named_period

router: APIRouter = new_router("targets", "sheets")
_SHEET = "/forms/{code}/periods/{period}/organisations/{organisation_id}"


@dataclass(frozen=True, slots=True)
class SheetPath:
    """Whose sheet is meant, of which form and period."""

    code: Code
    period: Code
    organisation_id: Uuid


Sheet = Annotated[SheetPath, Depends()]


@router.get(_SHEET, **answers(NotFound, refusals.UnknownPeriod, NotOnePeriod))
async def read_sheet(
    actor: Reader,
    of: Sheet,
    response: Response,
    session: ReadSession,
    now: Now,
) -> SheetAnswer:
    """Return everything a unit owes of a form in one period, with what is entered and what it reported before."""
    form, _ = await forms.find_form(session, of.code, actor)
    asked, today = await named_period(session, of.period, local_date(now)), local_date(now)
    lines = await sheets.find_sheet(session, form, asked, of.organisation_id, actor)
    set_etag(response, sheets.sheet_version(lines))
    return SheetAnswer.of(form.code, lines, today)


@router.put(_SHEET, **answers(NotFound, refusals.UnknownPeriod, refusals.PeriodClosed, reporting_refusals.SheetRefused))
async def fill_sheet(
    actor: Entering,
    of: Sheet,
    given: SheetBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> FilledAnswer:
    """Store many values at once, all or none; what says the same as before is ignored."""
    values = [SheetValue(**{name: getattr(one, name) for name in type(one).model_fields}) for one in given.values]
    wanted = await coded_period(session, of.period)
    filled = await fill(session, of.code, wanted, of.organisation_id, values, version=version, actor=actor, now=now)
    set_etag(response, sheets.sheet_version(filled.lines))
    shown = SheetAnswer.of(of.code, filled.lines, local_date(now))
    return FilledAnswer(
        **{name: getattr(shown, name) for name in SheetAnswer.model_fields},
        entered=filled.entered,
        changed=filled.changed,
        unchanged=filled.unchanged,
    )


@router.post(
    f"{_SHEET}/submit",
    **answers(NotFound, refusals.UnknownPeriod, refusals.PeriodClosed, reporting_refusals.SheetIncomplete),
)
async def submit_sheet(
    actor: Entering,
    of: Sheet,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> SheetAnswer:
    """Hand the whole sheet in; refused with the list of what is missing or violated."""
    wanted = await coded_period(session, of.period)
    lines = await submit(session, of.code, wanted, of.organisation_id, version=version, actor=actor, now=now)
    set_etag(response, sheets.sheet_version(lines))
    return SheetAnswer.of(of.code, lines, local_date(now))


@router.get(f"{_SHEET}/waiting", **answers(NotFound, refusals.UnknownPeriod, NotOnePeriod))
async def list_waiting_reports(
    actor: Reader,
    of: Sheet,
    session: ReadSession,
    now: Now,
    act: Annotated[Act, Query(description="What the caller wants to do")] = "verify",
) -> WaitingAnswer:
    """List every report at or below an organisation that the caller could verify, or approve, now."""
    today = local_date(now)
    wanted = await named_period(session, of.period, today)
    form, _ = await forms.find_form(session, of.code, actor)
    await sheets.roles_at(session, of.organisation_id, actor)
    found = await sheets.list_waiting(session, form, wanted, of.organisation_id, act, actor)
    return WaitingAnswer.of([one for one in found if one.may(act, today)])


_ANSWERS = answers(NotFound, refusals.UnknownPeriod)


@router.post(f"{_SHEET}/verify", dependencies=[verifying, Idempotent], **_ANSWERS)
async def verify_reports(
    actor: Verifier,
    of: Sheet,
    given: SignBody,
    session: WriteSession,
    now: Now,
) -> SignedAnswer:
    """Confirm the reports named, each at the version read; the answer says of every one whether and why not."""
    wanted = {one.report_id: Wanted(one.version) for one in given.reports}
    return await _sign(session, "verify", of, wanted, actor, now)


@router.post(f"{_SHEET}/approve", dependencies=[approving, Idempotent], **_ANSWERS)
async def approve_reports(
    actor: Approver,
    of: Sheet,
    given: SignBody,
    session: WriteSession,
    now: Now,
) -> SignedAnswer:
    """Approve the verified reports named, each at the version read; their figures count from now on."""
    wanted = {one.report_id: Wanted(one.version) for one in given.reports}
    return await _sign(session, "approve", of, wanted, actor, now)


@router.post(f"{_SHEET}/return", dependencies=[returning, Idempotent], **_ANSWERS)
async def return_reports(
    actor: Returning,
    of: Sheet,
    given: ReturnManyBody,
    session: WriteSession,
    now: Now,
) -> SignedAnswer:
    """Send the reports named back, each with its own reason."""
    wanted = {one.report_id: Wanted(one.version, one.reason) for one in given.reports}
    return await _sign(session, "return", of, wanted, actor, now)


async def _sign(
    session: WriteSession,
    action: str,
    of: Sheet,
    wanted: Mapping[UUID, Wanted],
    actor: Reader,
    now: Now,
) -> SignedAnswer:
    span = await coded_period(session, of.period)
    outcomes = await sign_reports(
        session, of.code, span, of.organisation_id, wanted, action=action, actor=actor, now=now
    )
    return SignedAnswer.of(outcomes)
