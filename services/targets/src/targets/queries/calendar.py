"""Periods as a request names them: by code, or by a word whose meaning depends on today."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from targets.domain.periods import NO_TERMS, Period, PeriodKind, Terms, names_term, parse_period
from targets.domain.relative_periods import is_relative, needs_terms, period_named, resolve
from targets.tables import congress_term


async def list_terms(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return the terms of congress, oldest first."""
    return (await session.execute(select(congress_term).order_by(congress_term.c.first_day))).all()


async def find_term(session: AsyncSession, code: str) -> Row[Any]:
    """Return a term of congress. Raises NotFound."""
    row = (await session.execute(select(congress_term).where(congress_term.c.code == code))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def known_terms(session: AsyncSession) -> Terms:
    """Return the terms of congress as periods, by code."""
    rows = await list_terms(session)
    return {row.code: Period(row.code, PeriodKind.TERM, row.first_day, row.last_day) for row in rows}


async def terms_for(session: AsyncSession, *names: str | None) -> Terms:
    """Return the terms of congress if any of these codes or keywords asks for one; a statement only then."""
    asked = any(name is not None and (names_term(name) or needs_terms(name)) for name in names)
    return await known_terms(session) if asked else NO_TERMS


async def coded_period(session: AsyncSession, code: str) -> Period:
    """Return the period of a code, for what is written. Raises UnknownPeriod; asks the database for terms only."""
    return parse_period(code, await terms_for(session, code))


async def named_period(session: AsyncSession, name: str, today: date) -> Period:
    """Return the one period of a code or relative keyword, for reads. Raises UnknownPeriod or NotOnePeriod."""
    return period_named(name, today, await terms_for(session, name))


async def named_periods(session: AsyncSession, name: str, today: date) -> list[Period]:
    """Return every period of a code or relative keyword, for reads of several. Raises UnknownPeriod."""
    terms = await terms_for(session, name)
    return resolve(name, today, terms) if is_relative(name) else [parse_period(name, terms)]
