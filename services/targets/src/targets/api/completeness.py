"""Completeness and timeliness: the matrix of units, on the screen and as a file."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.clock import Now
from servicekit.db import ReadSession
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.routes import answers, new_router
from servicekit.text import Code, Key, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader
from targets.api.completeness_answers import MatrixAnswer
from targets.domain import refusals, reporting_refusals
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.relative_periods import period_named
from targets.queries import completeness as queries
from targets.queries.calendar import named_period, terms_for
from targets.queries.forms import find_form

router: APIRouter = new_router("targets", "completeness")
State = Literal["approved", "waiting", "returned", "draft", "missing"]
FormParam = Annotated[Code, Query(alias="form")]
PeriodParam = Annotated[Code | None, Query(description="One period: units against indicators")]
FromParam = Annotated[Code | None, Query(alias="from", description="With `to`: units against periods")]
ToParam = Annotated[Code | None, Query(alias="to")]
LevelParam = Annotated[Key | None, Query()]
BelowParam = Annotated[Uuid | None, Query(description="Only this organisation and those below it")]
StateParam = Annotated[State | None, Query(description="Only units with something in this state; for one period")]
_ANSWERS = answers(NotFound, refusals.UnknownPeriod, NotOnePeriod, reporting_refusals.WrongFormPeriod)


async def _matrix(
    session: AsyncSession,
    code: str,
    period: str | None,
    span: tuple[str | None, str | None],
    units: queries.UnitFilter,
    state: str | None,
    actor: Actor,
    now: datetime,
) -> MatrixAnswer:
    form, _ = await find_form(session, code, actor)
    today = local_date(now)
    first, last = span
    if period is not None and (first, last) == (None, None):
        asked = await named_period(session, period, today)
        rows = await queries.cells_by_indicator(session, form, asked, units, today, actor)
        return MatrixAnswer.of(form.code, rows, state=state)
    if period is None and first is not None and last is not None:
        terms = await terms_for(session, first, last)
        given = period_named(first, today, terms), period_named(last, today, terms)
        rows = await queries.cells_by_period(session, form, *given, units, today, actor)
        return MatrixAnswer.of(form.code, rows)
    raise refusals.UnknownPeriod(errors=[{"field": "period", "code": "period_or_from_and_to"}])


@router.get("/completeness", **_ANSWERS)
async def read_completeness(
    actor: Reader,
    session: ReadSession,
    now: Now,
    form: FormParam,
    period: PeriodParam = None,
    first: FromParam = None,
    last: ToParam = None,
    level: LevelParam = None,
    below: BelowParam = None,
    state: StateParam = None,
) -> MatrixAnswer:
    """Return who has handed in what, and in time: units against indicators, or against periods."""
    units = queries.UnitFilter(level=level, below=below)
    return await _matrix(session, form, period, (first, last), units, state, actor, now)


@router.get(
    "/exports/completeness",
    response_class=Response,
    **_ANSWERS,
)
async def export_completeness(
    actor: Reader,
    session: ReadSession,
    now: Now,
    form: FormParam,
    period: PeriodParam = None,
    first: FromParam = None,
    last: ToParam = None,
    level: LevelParam = None,
    below: BelowParam = None,
    state: StateParam = None,
) -> Response:
    """Return the same matrix as CSV, one line a cell."""
    units = queries.UnitFilter(level=level, below=below)
    matrix = await _matrix(session, form, period, (first, last), units, state, actor, now)
    headers = {"Content-Disposition": 'attachment; filename="completeness.csv"', "Cache-Control": "private, no-store"}
    return Response(matrix.as_csv(), media_type="text/csv; charset=utf-8", headers=headers)
