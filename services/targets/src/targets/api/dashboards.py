"""Dashboards: a whole resolution on one page, and one indicator over all units."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from servicekit.clock import Now
from servicekit.db import FactSession
from servicekit.errors import NotFound
from servicekit.pages import InvalidCursor, Page, PageQuery, Window
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader, TheLines
from targets.api.dashboard_answers import DashboardAnswer, Order, RankedUnitAnswer, ranked_unit
from targets.api.dashboard_lines import Place, page
from targets.api.period_answers import AskedPeriod
from targets.domain.dashboards import Ranked, ranking, reach
from targets.domain.judging import value_of
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.progress import assess, expected_by_period, stands_for_all
from targets.domain.refusals import UnknownPeriod
from targets.domain.time_aggregation import gather
from targets.queries import dashboards as queries
from targets.queries.calendar import named_period
from targets.queries.disputes import open_disputes
from targets.queries.judging import asked_about, find_known, target_on

router: APIRouter = new_router("targets", "dashboards")


@router.get(
    "/dashboards/resolutions/{number:path}",
    response_model=DashboardAnswer,
    **answers(NotFound, UnknownPeriod, NotOnePeriod),
)
async def read_dashboard(
    actor: Reader,
    number: Code,
    period: AskedPeriod,
    session: FactSession,
    kept: TheLines,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="Only what lies at or below this organisation")] = None,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Return every indicator of a resolution with figures, coverage, target, status, trend and dispute mark.

    Every line says what progress says. It names the period it shows: the one asked for, where that has figures, its
    own or those of shorter periods in it; otherwise, for an indicator that is judged by longer periods, the one around
    it, or the one before while that has no figures yet. A number that is counted over a longer period shows that one.
    With `If-None-Match` of the ETag last read, 304 while nothing on the page has changed.
    """
    place = Place(organisation_id, await named_period(session, period, local_date(now)), local_date(now))
    marks = await queries.find_marks(session, number, organisation_id)
    lines = {mark["id"]: kept.find(mark, place) for mark in marks}
    first, last = reach(place.asked)
    changed = {mark["id"]: mark for mark in marks if lines[mark["id"]] is None}
    if changed:
        # A body at the top may stand for the whole.
        places = (organisation_id, None) if marks[0]["depth"] == 1 else (organisation_id,)
        known = await find_known(session, list(changed), (first, last), places)
        for row in await queries.find_described(session, list(changed), organisation_id):
            lines[row.id] = kept.write(changed[row.id], place, row, known)
    disputes = await open_disputes(
        session, first_day=first.first_day, last_day=last.last_day, organisation_id=organisation_id
    )
    body = page(marks, [line for line in lines.values() if line is not None], disputes, place)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/dashboards/organisations", **answers(NotFound, UnknownPeriod, NotOnePeriod, InvalidCursor))
async def rank_organisations(
    actor: Reader,
    pages: PageQuery,
    indicator: Annotated[Code, Query(description="Code of the indicator")],
    period: AskedPeriod,
    session: FactSession,
    now: Now,
    order: Annotated[Order, Query(description="Who comes first; who has no figures comes last")] = "best",
) -> Page[RankedUnitAnswer]:
    """Rank the units that report an indicator by the number that is judged, each with what progress says of it."""
    span, today = await named_period(session, period, local_date(now)), local_date(now)
    row, versions = await queries.find_judged_indicator(session, indicator)
    target = target_on(versions, span.last_day)
    units = await queries.find_units(session, row, None if target is None else target.id)
    known = await find_known(session, [row.id], [span], [*units, None])
    disputes = await open_disputes(session, indicator_ids=[row.id], first_day=span.first_day, last_day=span.last_day)
    of_units = {unit: figures for (_, unit), figures in known.items() if unit is not None}
    expected = expected_by_period(known.get((row.id, None), {}))
    rule = asked_about(row, versions, span)
    gathered = {unit: gather(span, figures, rule.how) for unit, figures in of_units.items()}
    values = {
        unit: None if found is None else value_of(found.held.figures, rule.measure)
        for unit, found in gathered.items()
        if found is not None or span.code in of_units[unit]
    }
    window = pages.window("targets.ranking", {"indicator": indicator, "period": span.code, "order": order})
    ranked = ranking(values, higher_first=(row.direction == "higher") == (order == "best"))

    def shown(one: Ranked) -> RankedUnitAnswer:
        unit, figures = units[one.organisation_id], of_units[one.organisation_id]
        is_whole = stands_for_all(unit.depth, figures, expected, span, rule.how)
        progress = assess(figures, span, replace(rule, is_whole=is_whole, allocated=unit.allocated), today=today)
        return ranked_unit(unit, one.rank, progress, disputes.within(row.id, span.first_day, span.last_day, unit.id))

    return window.page(_after(window, ranked), position=_position, item=shown)


def _position(one: Ranked) -> tuple[Any, ...]:
    return one.missing, str(one.measure), one.organisation_id


def _after(window: Window, ranked: Sequence[Ranked]) -> Sequence[Ranked]:
    if window.position is None:
        return ranked[: window.limit + 1]
    missing, measure, last = window.position
    before = Ranked(missing, Fraction(measure), last, None)
    return [one for one in ranked if one > before][: window.limit + 1]
