"""Reads of the work calendar, legal instruments and deadline rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.queries.access import stands_on
from registry.tables import CalendarDay, CalendarYear, DeadlineRule, EarlierWord, LegalInstrument, LegalProvision
from servicekit.errors import NotFound
from servicekit.pages import Window


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Which rules to list; `on` None means every version."""

    on: date | None
    key: str | None = None
    confidence: str | None = None
    instrument_id: UUID | None = None


async def special_days(session: AsyncSession, first: date, last: date) -> Sequence[CalendarDay]:
    """Return the days from first to last that differ from the ordinary week."""
    statement = select(CalendarDay).where(CalendarDay.date.between(first, last)).order_by(CalendarDay.date)
    return (await session.scalars(statement)).all()


async def years(session: AsyncSession, first: int, last: int) -> Sequence[CalendarYear]:
    """Return what is known of the years from first to last."""
    statement = select(CalendarYear).where(CalendarYear.year.between(first, last)).order_by(CalendarYear.year)
    return (await session.scalars(statement)).all()


async def calendar_day(session: AsyncSession, day: date) -> CalendarDay | None:
    """Return what is said of a day, None for an ordinary one."""
    return (await session.scalars(select(CalendarDay).where(CalendarDay.date == day))).one_or_none()


async def earlier_words(session: AsyncSession, subject_id: UUID) -> Sequence[EarlierWord]:
    """Return what was said before of a day, a year, an instrument or a provision, oldest first."""
    statement = select(EarlierWord).where(EarlierWord.subject_id == subject_id).order_by(EarlierWord.version)
    return (await session.scalars(statement)).all()


async def rules(session: AsyncSession, window: Window, wanted: RuleFilter) -> Sequence[DeadlineRule]:
    """Return a page of rules by key and version (one statement)."""
    statement = select(DeadlineRule)
    if wanted.on is not None:
        statement = statement.where(stands_on(DeadlineRule, wanted.on))
    if wanted.key is not None:
        statement = statement.where(DeadlineRule.key == wanted.key)
    if wanted.instrument_id is not None:
        written = select(LegalProvision.id).where(LegalProvision.instrument_id == wanted.instrument_id)
        statement = statement.where(DeadlineRule.provision_id.in_(written))
    if wanted.confidence is not None:
        statement = statement.where(DeadlineRule.confidence == wanted.confidence)
    columns: list[Any] = [DeadlineRule.key, DeadlineRule.rule_version]
    return (await session.scalars(window.select(statement, columns))).all()


async def rule(session: AsyncSession, rule_id: UUID) -> DeadlineRule:
    """Return one version of a rule. Raises NotFound."""
    found = await session.get(DeadlineRule, rule_id)
    if found is None:
        raise NotFound
    return found


async def instruments(
    session: AsyncSession, window: Window, *, status: str | None, confidence: str | None
) -> Sequence[LegalInstrument]:
    """Return a page of legal instruments by their number (one statement)."""
    statement = select(LegalInstrument)
    if status is not None:
        statement = statement.where(LegalInstrument.status == status)
    if confidence is not None:
        statement = statement.where(LegalInstrument.confidence == confidence)
    columns: list[Any] = [LegalInstrument.code, LegalInstrument.id]
    return (await session.scalars(window.select(statement, columns))).all()


async def instrument(session: AsyncSession, instrument_id: UUID) -> tuple[LegalInstrument, Sequence[LegalProvision]]:
    """Return an instrument with its provisions (two statements). Raises NotFound."""
    found = await session.get(LegalInstrument, instrument_id)
    if found is None:
        raise NotFound
    provisions = await session.scalars(
        select(LegalProvision)
        .where(LegalProvision.instrument_id == instrument_id)
        .order_by(LegalProvision.article, LegalProvision.clause)
    )
    return found, provisions.all()
