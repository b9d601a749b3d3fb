"""Formulas of computed indicators, and what a figure was made of."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from servicekit.clock import Now
from servicekit.db import FactSession, ReadSession, WriteSession
from servicekit.errors import NotFound
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.actions.set_formula import NewFormula, current_number
from targets.actions.set_formula import set_formula as set_it
from targets.api.access import MonitoringOfficer, Reader
from targets.api.formula_models import FormulaAnswer, FormulaBody, FormulaVersionAnswer, TraceAnswer
from targets.api.period_answers import AskedPeriod
from targets.domain import formula_refusals as refusals
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.refusals import UnknownPeriod
from targets.queries import formulas as queries
from targets.queries import traces
from targets.queries.calendar import named_period

router: APIRouter = new_router("targets", "formulas")


@router.get("/indicators/{code}/formula", **answers(NotFound))
async def read_formula(actor: Reader, code: Code, response: Response, session: FactSession) -> FormulaAnswer:
    """Return the newest formula of an indicator; its ETag is what a change names."""
    row = await queries.find_formula(session, code)
    set_etag(response, current_number(row))
    return FormulaAnswer.of(row)


@router.put(
    "/indicators/{code}/formula",
    **answers(
        NotFound,
        refusals.NotAFormulaIndicator,
        refusals.DecisionAhead,
        refusals.FormulaSyntax,
        refusals.FormulaTooLarge,
        refusals.FormulaDividesByZero,
        refusals.FormulaPartMissing,
        refusals.FormulaWithoutIndicator,
        refusals.FormulaUnknownIndicator,
        refusals.FormulaPeriodTooShort,
        refusals.FormulaCycle,
    ),
)
async def set_formula(
    actor: MonitoringOfficer,
    code: Code,
    given: FormulaBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> FormulaAnswer:
    """Set a new version of the formula; periods that end on or after `applies_from` are computed by it at once."""
    new = NewFormula(
        numerator=given.numerator,
        denominator=given.denominator,
        applies_from=given.applies_from,
        decision=given.decision,
        decided_on=given.decided_on,
    )
    await set_it(session, code, new, version=version, actor=actor, now=now)
    row = await queries.find_formula(session, code)
    set_etag(response, current_number(row))
    return FormulaAnswer.of(row)


@router.get("/indicators/{code}/formula/versions", **answers(NotFound, InvalidCursor))
async def list_formula_versions(
    actor: Reader, code: Code, pages: PageQuery, session: FactSession
) -> Page[FormulaVersionAnswer]:
    """List every formula the indicator was given here, oldest first."""
    row = await queries.find_formula(session, code)
    window = pages.window("targets.formula_versions", {"indicator": code})
    rows = await queries.list_versions(session, row.id, window)
    return window.page(rows, position=lambda row: (row.number,), item=FormulaVersionAnswer.model_validate)


@router.get("/indicators/{code}/trace", **answers(NotFound, UnknownPeriod, NotOnePeriod))
async def read_trace(
    actor: Reader,
    code: Code,
    period: AskedPeriod,
    session: ReadSession,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="The organisation; without it, the whole")] = None,
) -> TraceAnswer:
    """Explain a figure down to its inputs, so that it can be computed again by hand."""
    span = await named_period(session, period, local_date(now))
    row = await traces.find_traced(session, code, span.code, organisation_id)
    reports = []
    if row.source == "reports":
        reports = await traces.list_reports_behind(session, row.indicator_id, span.code, organisation_id)
    return TraceAnswer.of(row, reports)
