"""Indicators of the resolution, and how far each is reached."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from servicekit.clock import Now
from servicekit.db import FactSession
from servicekit.errors import NotFound
from servicekit.etags import set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader
from targets.api.indicator_answers import IndicatorAnswer, Section
from targets.api.progress_answers import ProgressAnswer
from targets.domain.judging import SILENCE
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.progress import assess
from targets.domain.refusals import UnknownPeriod
from targets.queries import indicators as queries
from targets.queries.calendar import named_period
from targets.queries.judging import asked_about, target_on

router: APIRouter = new_router("targets", "indicators")


@router.get("/indicators", **answers(InvalidCursor))
async def list_indicators(
    actor: Reader,
    pages: PageQuery,
    session: FactSession,
    now: Now,
    resolution_id: Annotated[Uuid | None, Query(description="Only those of this resolution")] = None,
    section: Annotated[Section | None, Query(description="target, general_goal, goal, task or duty")] = None,
) -> Page[IndicatorAnswer]:
    """List the indicators with the resolution's words, their targets and what the text leaves open."""
    window = pages.window("targets.indicators", {"resolution": resolution_id, "section": section})
    rows = await queries.list_indicators(session, window, resolution_id=resolution_id, section=section)
    today = local_date(now)
    targets = await queries.find_targets(session, [row.id for row in rows])
    return window.page(
        rows,
        position=lambda row: (row.code,),
        item=lambda row: IndicatorAnswer.of(row, targets.get(row.id, []), today),
    )


@router.get("/indicators/{code}", **answers(NotFound))
async def read_indicator(
    actor: Reader, code: Code, response: Response, session: FactSession, now: Now
) -> IndicatorAnswer:
    """Return one indicator."""
    row = await queries.find_indicator(session, code)
    targets = await queries.find_targets(session, [row.id])
    set_etag(response, row.version)
    return IndicatorAnswer.of(row, targets.get(row.id, []), local_date(now))


@router.get("/indicators/{code}/progress", **answers(NotFound, UnknownPeriod, NotOnePeriod))
async def read_progress(
    actor: Reader,
    code: Code,
    period: Annotated[Code, Query(description="Period code or keyword: 2025, 2025S1, 202503, THIS_YEAR")],
    session: FactSession,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="Only what lies at or below this organisation")] = None,
) -> ProgressAnswer:
    """Return the figures of a period and what they say about the target, with every step from one to the other.

    The rate is the sum of numerators over the sum of denominators of approved reports, never a mean of rates; the
    target is the version that was valid on the period's last day, for a unit the part of it handed down to it.
    """
    span = await named_period(session, period, local_date(now))
    row = await queries.find_indicator(session, code)
    versions = (await queries.find_targets(session, [row.id])).get(row.id, [])
    target = target_on(versions, span.last_day)
    standing = await queries.find_standing(session, row, target, span, organisation_id)
    asked = asked_about(row, versions, span, is_whole=standing.is_whole, allocated=standing.allocated)
    progress = assess(standing.known, span, asked, today=local_date(now))
    if not standing.told:
        progress = replace(progress, judgement=SILENCE)
    return ProgressAnswer.of(row, span, standing, progress, target, organisation_id)
