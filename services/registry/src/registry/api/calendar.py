"""The work calendar: public to read, set by administrators with the document that says so."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Header, Query, Response
from pydantic import Field

from registry.actions.set_calendar import DayContent, set_calendar_day, set_calendar_year, set_notice
from registry.api.access import Anyone, HouseAdministrator
from registry.api.territory_answers import let_caches_keep
from registry.domain import ids
from registry.domain.errors import DayNamedTwice, DayOutsideYear, HouseMatter, SpanTooLong
from registry.queries import law
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, StaleVersion, VersionRequired
from servicekit.etags import BadVersion, read_expected_version, set_etag
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Flag, LegalDate, SafeLine, WholeNumber

router = new_router("registry", "calendar")
LONGEST_SPAN_DAYS = 800
DayKind = Literal["holiday", "off_in_lieu", "working_saturday", "ordinary"]
Year = Annotated[int, WholeNumber(ge=1900, le=2200, text=True)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="Needed when the day was set before; its ETag.")]


class DayRequest(ApiModel):
    """What a day is; `source` names the document, `confirmed` says that it was seen."""

    kind: DayKind
    name: SafeLine
    source: SafeLine
    confirmed: Flag


class YearRequest(ApiModel):
    """Whether the official notice of a year's days off is known; `source` names it."""

    confirmed: Flag
    source: SafeLine


class DayAnswer(Answer):
    """A day of the work calendar; version 0 is an ordinary day nothing was said about."""

    date: date
    kind: DayKind
    name: str
    source: str
    confirmed: bool
    version: int


class YearAnswer(Answer):
    """A year of the work calendar; a deadline that touches an unconfirmed year is provisional."""

    year: int
    confirmed: bool
    source: str
    version: int


class NoticeDay(ApiModel):
    """One day of an official notice."""

    date: LegalDate
    kind: Literal["holiday", "off_in_lieu", "working_saturday"]
    name: SafeLine


class NoticeRequest(ApiModel):
    """All special days of a year by one official notice; `source` names it."""

    source: SafeLine
    confirmed: Flag
    days: Annotated[list[NoticeDay], Field(max_length=100)]
    dry_run: Flag = False


class DayChangeAnswer(Answer):
    """What a notice makes of one day."""

    date: date
    kind_before: DayKind
    kind: DayKind


class NoticeAnswer(Answer):
    """What a notice changed, or with `applied` false would change."""

    year: int
    applied: bool
    changes: list[DayChangeAnswer]


class EarlierDayAnswer(DayAnswer):
    """What was said of a day until it was said anew."""

    replaced_at: datetime


class CalendarAnswer(Answer):
    """The days of a span that differ from the ordinary week, and what is known of its years."""

    days: list[DayAnswer]
    years: list[YearAnswer]


@router.get("/calendar", **answers(SpanTooLong))
async def read_calendar(
    session: ReadSession,
    response: Response,
    _: Anyone,
    first: Annotated[LegalDate, Query(alias="from")],
    last: Annotated[LegalDate, Query(alias="until")],
) -> CalendarAnswer:
    """Return the special days from one day until another (both included, at most 800 days apart)."""
    if not 0 <= (last - first).days <= LONGEST_SPAN_DAYS:
        raise SpanTooLong(days=LONGEST_SPAN_DAYS)
    days = await law.special_days(session, first, last)
    years = await law.years(session, first.year, last.year)
    let_caches_keep(response)
    return CalendarAnswer(
        days=[DayAnswer.model_validate(day) for day in days],
        years=[YearAnswer.model_validate(year) for year in years],
    )


@router.get("/calendar/{day}")
async def read_day(day: LegalDate, session: ReadSession, response: Response, _: Anyone) -> DayAnswer:
    """Return what is said of one day."""
    found = await law.calendar_day(session, day)
    set_etag(response, found.version if found else 0)
    if found is None:
        return DayAnswer(date=day, kind="ordinary", name="", source="", confirmed=False, version=0)
    return DayAnswer.model_validate(found)


@router.put("/calendar/{day}", **answers(HouseMatter, VersionRequired, StaleVersion, BadVersion, AlreadyExists))
async def put_day(
    day: LegalDate,
    body: DayRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    response: Response,
    now: Now,
    if_match: IfMatch = None,
) -> DayAnswer:
    """Say what a day is. "ordinary" withdraws an earlier word; If-Match is needed once something was said."""
    content = DayContent(kind=body.kind, name=body.name, source=body.source, confirmed=body.confirmed)
    expected = await read_expected_version(if_match) if if_match is not None else None
    row = await set_calendar_day(session, day, content=content, expected=expected, actor=actor, now=now)
    set_etag(response, row.version)
    return DayAnswer.model_validate(row)


@router.get("/calendar/{day}/history")
async def list_day_history(day: LegalDate, session: ReadSession, _: Anyone) -> list[EarlierDayAnswer]:
    """Return what was said of a day before, oldest first; who said it is in the audit."""
    words = await law.earlier_words(session, ids.calendar_day_id(day))
    return [EarlierDayAnswer(**word.content, version=word.version, replaced_at=word.replaced_at) for word in words]


@router.put(
    "/calendar/years/{year}/days",
    **answers(HouseMatter, VersionRequired, StaleVersion, BadVersion, DayNamedTwice, DayOutsideYear),
)
async def put_notice(
    year: Year,
    body: NoticeRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    response: Response,
    now: Now,
    if_match: IfMatch = None,
) -> NoticeAnswer:
    """Make the special days of a year those of one official notice, all at once; the others become ordinary.

    `dry_run` says what would change and writes nothing. If-Match is the year's ETag once something was said of it.
    """
    days = {one.date: DayContent(one.kind, one.name, body.source, body.confirmed) for one in body.days}
    if len(days) != len(body.days):
        raise DayNamedTwice
    if any(day.year != year for day in days):
        raise DayOutsideYear(year=year)
    changes = await set_notice(
        session,
        year,
        days=days,
        confirmed=body.confirmed,
        source=body.source,
        expected=await read_expected_version(if_match) if if_match is not None else None,
        dry_run=body.dry_run,
        actor=actor,
        now=now,
    )
    stands = await law.years(session, year, year)
    set_etag(response, stands[0].version if stands else 0)
    return NoticeAnswer(
        year=year,
        applied=not body.dry_run,
        changes=[DayChangeAnswer.model_validate(change) for change in changes],
    )


@router.put("/calendar/years/{year}", **answers(HouseMatter, VersionRequired, StaleVersion, BadVersion, AlreadyExists))
async def put_year(
    year: Year,
    body: YearRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    response: Response,
    now: Now,
    if_match: IfMatch = None,
) -> YearAnswer:
    """Say whether the official notice of a year is known."""
    expected = await read_expected_version(if_match) if if_match is not None else None
    row = await set_calendar_year(
        session,
        year,
        confirmed=body.confirmed,
        source=body.source,
        expected=expected,
        actor=actor,
        now=now,
    )
    set_etag(response, row.version)
    return YearAnswer.model_validate(row)
