"""Say what a day or a year of the work calendar is, with the document that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.actions.keep_word import keep_word
from registry.domain import ids
from registry.domain.calendar import misplaced
from registry.tables import CalendarDay, CalendarYear
from servicekit import audit
from servicekit.errors import Invalid, StaleVersion, VersionRequired
from servicekit.identity import Actor
from servicekit.outbox import record


@dataclass(frozen=True, slots=True)
class DayContent:
    """What is said of a day; `source` names the document."""

    kind: str
    name: str
    source: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class DayChange:
    """What a notice makes of one day."""

    date: date
    kind_before: str
    kind: str


async def set_calendar_day(
    session: AsyncSession,
    day: date,
    *,
    content: DayContent,
    expected: int | None,
    actor: Actor,
    now: datetime,
) -> CalendarDay:
    """Store what a day is. Raises VersionRequired or StaleVersion when it was said before, Invalid when impossible."""
    if misplaced(content.kind, day):
        raise Invalid(errors=[{"field": "body.kind", "code": "kind_on_this_weekday"}])
    row = (await session.scalars(select(CalendarDay).where(CalendarDay.date == day).with_for_update())).one_or_none()
    check_version(row, expected)
    if row is None:
        row = CalendarDay(id=ids.calendar_day_id(day), date=day, version=0)
        session.add(row)
    else:
        keep_word(session, row, now)
    await _say_day(session, row, content, actor=actor, now=now)
    return row


async def _say_day(
    session: AsyncSession, row: CalendarDay, content: DayContent, *, actor: Actor, now: datetime
) -> None:
    row.kind, row.name = content.kind, content.name
    row.source, row.confirmed = content.source, content.confirmed
    await _finish(session, "calendar_day", row, actor=actor, now=now)


async def set_calendar_year(
    session: AsyncSession,
    year: int,
    *,
    confirmed: bool,
    source: str,
    expected: int | None,
    actor: Actor,
    now: datetime,
) -> CalendarYear:
    """Store whether a year's official notice is known. Raises VersionRequired or StaleVersion."""
    row = (await session.scalars(select(CalendarYear).where(CalendarYear.year == year).with_for_update())).one_or_none()
    check_version(row, expected)
    if row is None:
        row = CalendarYear(id=ids.calendar_year_id(year), year=year, version=0)
        session.add(row)
    else:
        keep_word(session, row, now)
    row.confirmed, row.source = confirmed, source
    await _finish(session, "calendar_year", row, actor=actor, now=now)
    return row


async def set_notice(
    session: AsyncSession,
    year: int,
    *,
    days: Mapping[date, DayContent],
    confirmed: bool,
    source: str,
    expected: int | None,
    dry_run: bool,
    actor: Actor,
    now: datetime,
) -> list[DayChange]:
    """Make the special days of a year exactly those of one official notice, and return what that changes.

    A day the notice does not name becomes ordinary. With `dry_run` nothing is written. Raises VersionRequired or
    StaleVersion (the year's), Invalid for a day that cannot be.
    """
    impossible = [
        {"field": f"body.days.{place}.kind", "code": "kind_on_this_weekday"}
        for place, (day, content) in enumerate(days.items())
        if misplaced(content.kind, day)
    ]
    if impossible:
        raise Invalid(errors=impossible)
    present = await session.scalar(select(CalendarYear).where(CalendarYear.year == year).with_for_update())
    check_version(present, expected)
    said = select(CalendarDay).where(CalendarDay.date.between(date(year, 1, 1), date(year, 12, 31)))
    rows = {row.date: row for row in await session.scalars(said.with_for_update().order_by(CalendarDay.date))}
    withdrawn = DayContent(kind="ordinary", name="", source=source, confirmed=True)
    wanted = {day: withdrawn for day, row in rows.items() if row.kind != "ordinary"} | dict(days)
    changes: list[DayChange] = []
    for day, content in sorted(wanted.items()):
        row = rows.get(day)
        before = DayContent(row.kind, row.name, row.source, row.confirmed) if row is not None else None
        if before == content:
            continue
        changes.append(DayChange(day, before.kind if before else "ordinary", content.kind))
        if dry_run:
            continue
        if row is None:
            row = CalendarDay(id=ids.calendar_day_id(day), date=day, version=0)
            session.add(row)
        else:
            keep_word(session, row, now)
        await _say_day(session, row, content, actor=actor, now=now)
    if not dry_run:
        await set_calendar_year(
            session, year, confirmed=confirmed, source=source, expected=expected, actor=actor, now=now
        )
    return changes


def check_version(row: Any, expected: int | None) -> None:
    """Compare with If-Match; what is not there yet has version 0 and needs none."""
    if row is not None and expected is None:
        raise VersionRequired
    if expected is not None and expected != (row.version if row is not None else 0):
        raise StaleVersion


async def _finish(
    session: AsyncSession, kind: str, row: CalendarDay | CalendarYear, *, actor: Actor, now: datetime
) -> None:
    row.version += 1
    await session.flush()
    await audit.write(
        session,
        action=f"{kind}.changed",
        subject_type=kind,
        subject_id=row.id,
        actor=actor,
        now=now,
        details={"version": row.version},
    )
    await record(session, event=publish.changed(kind, row), now=now)
