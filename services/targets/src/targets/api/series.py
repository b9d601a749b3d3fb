"""Figures over the periods and over the organisations, as reported then or restated to those standing on a day."""

from datetime import date, datetime
from functools import lru_cache, partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from servicekit.clock import Now
from servicekit.db import FactSession
from servicekit.errors import NotFound
from servicekit.routes import answers, new_router
from servicekit.text import Code, LegalDate, Uuid
from servicekit.vietnamese import sort_key
from servicekit.working_days import local_date
from targets.api.access import Reader, TheLineage
from targets.api.period_answers import AskedPeriod
from targets.api.series_answers import (
    FiguresAnswer,
    LineageAnswer,
    OrganisationName,
    PointAnswer,
    SeriesAnswer,
    UnitFiguresAnswer,
    UnitsAnswer,
    View,
    figures_fields,
    remainder_answer,
)
from targets.api.successors import named
from targets.domain.lineage import Body, Lineage
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.periods import FIRST_YEAR, LAST_YEAR, PeriodKind, Terms, parse_period
from targets.domain.refusals import UnknownOrganisation, UnknownPeriod
from targets.domain.relative_periods import period_named
from targets.domain.restated_figures import Remainder, Restated, Sums, restate_units
from targets.domain.restating import ALL, Restating, Source
from targets.domain.series import PeriodRows, Shown, as_reported, of_whole, pieces, restated
from targets.domain.series_refusals import OrganisationNotStanding, PeriodsReversed
from targets.queries import series as queries
from targets.queries.calendar import known_terms, named_period, terms_for
from targets.queries.disputes import open_disputes
from targets.queries.indicators import find_indicator

router: APIRouter = new_router("targets", "series")
_order = lru_cache(maxsize=2000)(sort_key)
Level = Literal["city", "district", "commune"]
From = Annotated[Code | None, Query(alias="from", description="Period code or keyword: only what ends after it began.")]
To = Annotated[Code | None, Query(alias="to", description="Period code or keyword: only what ends by its last day.")]
Day = Annotated[LegalDate | None, Query(description="Restated to the organisations of this day; today when absent.")]


@router.get(
    "/indicators/{code}/series",
    **answers(NotFound, UnknownPeriod, NotOnePeriod, PeriodsReversed, UnknownOrganisation, OrganisationNotStanding),
)
async def read_series(
    actor: Reader,
    code: Code,
    session: FactSession,
    book: TheLineage,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="This organisation with what is below it")] = None,
    first: From = None,
    last: To = None,
    period_kind: Annotated[PeriodKind | None, Query(description="The indicator's own when absent")] = None,
    view: View = "as_reported",
    day: Day = None,
) -> SeriesAnswer:
    """Return every period of an indicator for one organisation, or for the whole, oldest first.

    `as_reported`: what stood under its name then. `restated`: what is today's of that which its predecessors reported;
    each point names them. Nothing is shared out by a share nobody entered.
    """
    indicator = await find_indicator(session, code)
    body, on = _body(book.lineage, organisation_id), _day(view, day, now)
    kind = period_kind.value if period_kind is not None else indicator.period_kind
    terms = await (known_terms(session) if kind == PeriodKind.TERM else terms_for(session, first, last))
    begin, end = _span(first, last, local_date(now), terms)
    restating = None if on is None or body is None else book.restating(on)
    sources = _sources(body, restating)
    found = await queries.series(session, indicator.id, kind, (begin, end), sources)
    disputes = await open_disputes(session, indicator_ids=[indicator.id], first_day=begin, last_day=end)

    with_below, alone = _reporting(body, sources)

    def disputed(code: str) -> int:
        span = parse_period(code, terms)
        return disputes.within_any(indicator.id, span.first_day, span.last_day, with_below, alone)

    return SeriesAnswer(
        **_head(indicator),
        period_kind=kind,
        view=view,
        day=on,
        organisation=None if body is None else OrganisationName.of(body),
        lineage=[LineageAnswer.of_source(source, book.lineage) for source in sources] if restating else [],
        points=[
            PointAnswer(
                period=period.code,
                last_day=period.last_day,
                **figures_fields(
                    _point(book.lineage, body, restating, sources, period), book.lineage, disputed(period.code)
                ),
            )
            for period in found
        ],
    )


@router.get("/indicators/{code}/units", **answers(NotFound, UnknownPeriod, NotOnePeriod))
async def list_units(
    actor: Reader,
    code: Code,
    period: AskedPeriod,
    session: FactSession,
    book: TheLineage,
    now: Now,
    level: Annotated[Level | None, Query(description="The level that reports the indicator when absent")] = None,
    view: View = "as_reported",
    day: Day = None,
) -> UnitsAnswer:
    """Return one period of every organisation of a level, those that reported then or those standing on a day.

    All at once, for together with what is left they are the whole.
    """
    span, indicator = await named_period(session, period, local_date(now)), await find_indicator(session, code)
    lineage, on, at = book.lineage, _day(view, day, now), level or indicator.reporter_level
    whole, rows = await queries.of_period(session, indicator.id, span.code)
    disputes = await open_disputes(
        session, indicator_ids=[indicator.id], first_day=span.first_day, last_day=span.last_day
    )
    within = partial(disputes.within_any, indicator.id, span.first_day, span.last_day)
    kinds = set(indicator.reporter_kinds) or {lineage.bodies[own].kind for own in rows if own in lineage.bodies}
    bodies = sorted(lineage.standing(on or span.last_day, at, kinds), key=_place)
    if on is None:
        figures = {body.id: as_reported(lineage, body, rows.get(body.id), span.last_day) for body in bodies}
        left: list[Remainder] = []
        disputed = {body.id: within({body.id}) for body in bodies}
    else:
        found, left = restate_units(book.restating(on), rows, [body.id for body in bodies])
        figures = {own: restated(each, span.last_day, on) for own, each in found.items()}
        disputed = {own: within(frozenset(), alone=_reporters(each)) for own, each in found.items()}
    return UnitsAnswer(
        **_head(indicator),
        period=span.code,
        view=view,
        day=on,
        level=at,
        whole=FiguresAnswer(**figures_fields(of_whole(whole or Sums()), lineage, within(None))),
        items=[
            UnitFiguresAnswer(
                organisation=OrganisationName.of(body),
                kind=body.kind,
                **figures_fields(figures[body.id], lineage, disputed[body.id]),
            )
            for body in bodies
        ],
        remainders=[remainder_answer(each, lineage) for each in left] if on is None or span.last_day <= on else [],
    )


def _place(body: Body) -> tuple[bytes, UUID]:
    return _order(body.name), body.id


def _point(
    lineage: Lineage, body: Body | None, restating: Restating | None, sources: list[Source], period: PeriodRows
) -> Shown:
    if body is None:
        return of_whole(period.whole)
    if restating is None:
        return as_reported(lineage, body, period.rows.get(body.id), period.last_day)
    return restated(pieces(restating, sources, period), period.last_day, restating.day)


def _sources(body: Body | None, restating: Restating | None) -> list[Source]:
    if body is None:
        return []
    if restating is None:
        return [Source(body.id, ALL)]
    if not body.stands_on(restating.day):
        heirs = restating.lineage.standing_for(body.id, restating.day)
        raise OrganisationNotStanding(day=restating.day.isoformat(), errors=named(heirs))
    return restating.sources(body.id)


def _reporting(body: Body | None, sources: list[Source]) -> tuple[frozenset[UUID] | None, frozenset[UUID]]:
    """Return whose values are in the figures with what stands below them, and whose alone; None is everybody."""
    if body is None:
        return None, frozenset()
    alone = frozenset(source.organisation_id for source in sources if source.children)
    return frozenset(source.organisation_id for source in sources) - alone, alone


def _reporters(found: Restated) -> frozenset[UUID]:
    """Return whose own values a restated figure of the list is made of."""
    return frozenset(piece.source.organisation_id for piece in found.pieces)


def _body(lineage: Lineage, organisation_id: UUID | None) -> Body | None:
    if organisation_id is None:
        return None
    body = lineage.bodies.get(organisation_id)
    if body is None:
        raise UnknownOrganisation(errors=[{"field": "organisation_id", "code": "unknown_organisation"}])
    return body


def _day(view: View, day: date | None, now: datetime) -> date | None:
    """Return the day to whose organisations figures are restated; None for figures as reported."""
    return None if view == "as_reported" else day or local_date(now)


def _span(first: str | None, last: str | None, today: date, terms: Terms) -> tuple[date, date]:
    begin = date(FIRST_YEAR, 1, 1) if first is None else period_named(first, today, terms).first_day
    end = date(LAST_YEAR, 12, 31) if last is None else period_named(last, today, terms).last_day
    if end < begin:
        raise PeriodsReversed(errors=[{"field": "to", "code": PeriodsReversed.code}])
    return begin, end


def _head(indicator: Any) -> dict[str, str]:
    own = {name: getattr(indicator, name) for name in ("name_vi", "name_en", "unit")}
    return {"indicator_code": indicator.code, **own}
