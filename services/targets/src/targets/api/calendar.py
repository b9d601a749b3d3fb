"""Periods by code and name, so that nobody has to reckon them, and the terms of congress."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from fastapi import Query, Response
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import FactSession, WriteSession
from servicekit.errors import NotFound, StaleVersion
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Code, LegalDate, SafeLine
from servicekit.working_days import local_date
from targets.actions.set_term import TermDays, set_term
from targets.api.access import MonitoringOfficer, Reader
from targets.api.resolution_models import PeriodKindName
from targets.domain.period_names import name_of
from targets.domain.period_refusals import BadRange, BadTerm
from targets.domain.periods import FIRST_YEAR, LAST_YEAR, NO_TERMS, Period, PeriodKind, Terms, sub_periods
from targets.domain.refusals import UnknownPeriod
from targets.domain.validity import STANDINGS, standing
from targets.queries import calendar as queries

router = new_router("targets", "calendar")
MOST = 400
"""The longest list: 33 years of months, or a year of days."""


class PeriodName(Answer):
    """A period with its code, its days and what it is called; `standing` is where today lies."""

    code: str
    kind: PeriodKindName
    name_vi: str
    name_en: str
    first_day: LegalDate
    last_day: LegalDate
    standing: Literal["future", "valid", "ended"]
    standing_vi: str
    standing_en: str

    @classmethod
    def of(cls, period: Period, today: date) -> Self:
        """Show a period."""
        name_vi, name_en = name_of(period)
        found = standing(period.first_day, period.last_day, today)
        vi, en = STANDINGS[found]
        return cls(
            code=period.code,
            kind=period.kind.value,
            name_vi=name_vi,
            name_en=name_en,
            first_day=period.first_day,
            last_day=period.last_day,
            standing=found,
            standing_vi=vi,
            standing_en=en,
        )


class PeriodNames(Answer):
    """Periods in order."""

    items: list[PeriodName]


class TermBody(ApiModel):
    """Which days a term of congress has, and the text that says so."""

    first_day: LegalDate
    last_day: LegalDate
    source: SafeLine
    confidence: Literal["confirmed", "unconfirmed"]


class TermAnswer(Answer):
    """A term of congress; unconfirmed days are this system's default and no fact."""

    code: str
    name_vi: str
    name_en: str
    first_day: LegalDate
    last_day: LegalDate
    source: str
    confidence: Literal["confirmed", "unconfirmed"]
    note_vi: str | None
    note_en: str | None
    version: int

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored term."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class TermAnswers(Answer):
    """The terms, oldest first."""

    items: list[TermAnswer]


@router.get("/calendar/periods", **answers(BadRange, UnknownPeriod))
async def list_period_codes(
    actor: Reader,
    session: FactSession,
    now: Now,
    kind: Annotated[PeriodKindName | None, Query(description="month, quarter, half, year, term or date")] = None,
    first: Annotated[LegalDate | None, Query(alias="from", description="First day of the span")] = None,
    last: Annotated[LegalDate | None, Query(alias="to", description="Last day of the span")] = None,
    within: Annotated[
        Code | None, Query(description="A code or relative keyword (LAST_4_QUARTERS) instead of from and to")
    ] = None,
) -> PeriodNames:
    """List periods that lie wholly within a span, by code and name; without a kind those that `within` names."""
    today = local_date(now)
    spans = await _spans(session, first, last, within, today)
    if kind is None:
        if within is None:
            raise BadRange(most=MOST)
        found = spans
    else:
        terms = await queries.known_terms(session) if kind == "term" else NO_TERMS
        found = [one for span in spans for one in _sub_periods(span, PeriodKind(kind), terms)]
    return PeriodNames(items=[PeriodName.of(period, today) for period in found])


async def _spans(
    session: FactSession, first: date | None, last: date | None, within: str | None, today: date
) -> list[Period]:
    if within is not None:
        if first is not None or last is not None:
            raise BadRange(most=MOST)
        return await queries.named_periods(session, within, today)
    if first is None or last is None or first > last or not FIRST_YEAR <= first.year <= last.year <= LAST_YEAR:
        raise BadRange(most=MOST)
    return [Period("", PeriodKind.DATE, first, last)]


def _sub_periods(span: Period, kind: PeriodKind, terms: Terms) -> list[Period]:
    days = {PeriodKind.DATE: 1, PeriodKind.MONTH: 28, PeriodKind.QUARTER: 90, PeriodKind.HALF: 181}.get(kind, 365)
    if ((span.last_day - span.first_day).days + 1) // days > MOST:
        raise BadRange(most=MOST)
    return sub_periods(span, kind, terms)


@router.get("/calendar/terms")
async def list_terms(actor: Reader, session: FactSession) -> TermAnswers:
    """List the terms of congress, with what is unconfirmed about them."""
    return TermAnswers(items=[TermAnswer.of(row) for row in await queries.list_terms(session)])


@router.get("/calendar/terms/{term}", **answers(NotFound))
async def read_term(actor: Reader, term: Code, response: Response, session: FactSession) -> TermAnswer:
    """Return a term of congress."""
    row = await queries.find_term(session, term)
    set_etag(response, row.version)
    return TermAnswer.of(row)


@router.put("/calendar/terms/{term}", **answers(NotFound, StaleVersion, BadTerm))
async def put_term(
    actor: MonitoringOfficer,
    term: Code,
    given: TermBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> TermAnswer:
    """Set which days a term has; reporting periods that are open keep theirs."""
    await set_term(session, term, TermDays(**given.model_dump()), version=version, actor=actor, now=now)
    row = await queries.find_term(session, term)
    set_etag(response, row.version)
    return TermAnswer.of(row)
