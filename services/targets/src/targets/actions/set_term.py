"""Set the days of a term of congress, once a decision says them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from targets.domain.period_refusals import BadTerm
from targets.domain.resolution_ids import term_id
from targets.queries.scope import board_role
from targets.tables import congress_term


@dataclass(frozen=True, slots=True, kw_only=True)
class TermDays:
    """Which days a term has, and who says so."""

    first_day: date
    last_day: date
    source: str
    confidence: str


async def set_term(
    session: AsyncSession, code: str, given: TermDays, *, version: int, actor: Actor, now: datetime
) -> None:
    """Store the days. Raises NotFound, Forbidden, StaleVersion and BadTerm (422) for days that overlap another term.

    Reporting periods that were opened before keep the days they were opened with.
    """
    statement = select(congress_term, board_role(actor, "monitoring_officer").label("at_board"))
    terms = {row.code: row for row in (await session.execute(statement)).all()}
    row = terms.get(code)
    if row is None:
        raise NotFound
    if not row.at_board:
        raise Forbidden
    if row.version != version:
        raise StaleVersion
    others = [one for one in terms.values() if one.code != code]
    if given.first_day >= given.last_day or any(
        given.first_day <= one.last_day and one.first_day <= given.last_day for one in others
    ):
        raise BadTerm
    changed = await session.execute(
        update(congress_term)
        .where(congress_term.c.code == code, congress_term.c.version == version)
        .values(
            first_day=given.first_day,
            last_day=given.last_day,
            source=given.source,
            confidence=given.confidence,
            version=version + 1,
        )
        .returning(congress_term.c.code)
    )
    if changed.one_or_none() is None:
        raise StaleVersion
    await audit.write(
        session,
        action="congress_term.set",
        subject_type="congress_term",
        subject_id=term_id(code),
        actor=actor,
        now=now,
        reason=None,
        details={
            "term": code,
            "version": version + 1,
            "before": [row.first_day.isoformat(), row.last_day.isoformat()],
            "after": [given.first_day.isoformat(), given.last_day.isoformat()],
        },
    )
