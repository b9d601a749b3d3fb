"""Dashboards: a whole resolution on one page, and one indicator over all units."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import FactSession
from servicekit.errors import NotFound
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader
from targets.api.dashboard_answers import (
    DashboardAnswer,
    Order,
    RankedUnitAnswer,
    dashboard,
    figures_of,
    ranked_unit,
)
from targets.api.period_answers import AskedPeriod
from targets.domain.dashboards import reach
from targets.domain.figures import is_ratio
from targets.domain.judging import Coverage, judge
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.refusals import UnknownPeriod
from targets.queries import dashboards as queries
from targets.queries import indicators
from targets.queries.calendar import named_period
from targets.queries.disputes import open_disputes

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
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="Only what lies at or below this organisation")] = None,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Return every indicator of a resolution with figures, coverage, target, status, trend and dispute mark.

    Each line names the period it shows: the one asked for, where it is reported and has figures; otherwise the newest
    of the indicator's own kind that has figures and lies in the period asked for; for indicators of a longer kind the
    period around it, or the one before while that has no figures yet.
    With `If-None-Match` of the ETag last read, 304 while nothing on the page has changed.
    """
    asked = await named_period(session, period, local_date(now))
    lines = await queries.find_lines(session, number, asked, organisation_id)
    targets = await queries.find_target_versions(session, number)
    first_day, last_day = reach(asked)
    disputes = await open_disputes(session, first_day=first_day, last_day=last_day, organisation_id=organisation_id)
    body = dashboard(lines, targets, disputes, asked=asked, organisation_id=organisation_id, today=local_date(now))
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
    """Rank the units that report an indicator by their own figures; a rate where there is one, else the number."""
    span = await named_period(session, period, local_date(now))
    row = await indicators.find_indicator(session, indicator)
    versions = (await indicators.find_targets(session, [row.id])).get(row.id, [])
    share = is_ratio(row.kind) or row.kind == "rating"
    window = pages.window("targets.ranking", {"indicator": indicator, "period": span.code, "order": order})
    units = await queries.rank_units(session, window, queries.Ranking(row, span.code, order, share))
    disputes = await open_disputes(session, indicator_ids=[row.id], first_day=span.first_day, last_day=span.last_day)
    target = indicators.as_target(indicators.target_on(versions, span.last_day))
    ended, today = indicators.ended_before(versions, span.first_day), local_date(now)

    def shown(unit: Row[Any]) -> RankedUnitAnswer:
        judgement = judge(
            figures_of(unit._asdict()),
            target,
            ratio=is_ratio(row.kind),
            coverage=Coverage(unit.counted, unit.expected),
            last_day=span.last_day,
            today=today,
            ended_before=ended,
            counting_methods=len(unit.methods),
        )
        disputed = disputes.within(row.id, span.first_day, span.last_day, unit.organisation_id)
        return ranked_unit(unit, judgement, disputed)

    return window.page(units, position=lambda unit: (unit.missing, unit.measure, unit.organisation_id), item=shown)
