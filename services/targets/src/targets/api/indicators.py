"""Indicators of the resolution, and how far each is reached."""

from typing import Annotated

from fastapi import APIRouter, Query

from servicekit.clock import Now
from servicekit.db import FactSession
from servicekit.errors import NotFound
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader
from targets.api.indicator_answers import IndicatorAnswer, ProgressAnswer
from targets.domain.figures import is_ratio
from targets.domain.judging import judge
from targets.domain.periods import parse_period
from targets.domain.refusals import UnknownPeriod
from targets.queries import indicators as queries

router: APIRouter = new_router("targets", "indicators")


@router.get("/indicators", **answers(InvalidCursor))
async def list_indicators(actor: Reader, pages: PageQuery, session: FactSession) -> Page[IndicatorAnswer]:
    """List the indicators with the resolution's words, their targets and what the text leaves open."""
    window = pages.window("targets.indicators")
    rows = await queries.list_indicators(session, window)
    targets = await queries.find_targets(session, [row.id for row in rows])
    return window.page(
        rows,
        position=lambda row: (row.code,),
        item=lambda row: IndicatorAnswer.of(row, targets.get(row.id, [])),
    )


@router.get("/indicators/{code}", **answers(NotFound))
async def read_indicator(actor: Reader, code: Code, session: FactSession) -> IndicatorAnswer:
    """Return one indicator."""
    row = await queries.find_indicator(session, code)
    targets = await queries.find_targets(session, [row.id])
    return IndicatorAnswer.of(row, targets.get(row.id, []))


@router.get("/indicators/{code}/progress", **answers(NotFound, UnknownPeriod))
async def read_progress(
    actor: Reader,
    code: Code,
    period: Annotated[Code, Query(description="Period code: 2025, 2025S1, 2025Q1 or 202503")],
    session: FactSession,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="Only what lies at or below this organisation")] = None,
) -> ProgressAnswer:
    """Return the figures of a period and what they say about the target.

    The rate is the sum of numerators over the sum of denominators of approved reports, never a mean of rates; the
    target is the version that was valid on the period's last day.
    """
    span = parse_period(period)
    row = await queries.find_indicator(session, code)
    versions = (await queries.find_targets(session, [row.id])).get(row.id, [])
    totals = await queries.totals(session, row, span, organisation_id)
    target = queries.target_on(versions, span.last_day)
    judgement = judge(
        totals.figures,
        queries.as_target(target),
        ratio=is_ratio(row.kind),
        coverage=totals.coverage,
        last_day=span.last_day,
        today=local_date(now),
        ended_before=queries.ended_before(versions, span.first_day),
        counting_methods=len(totals.counting_methods),
    )
    return ProgressAnswer.of(row, span, totals, target, judgement, organisation_id)
