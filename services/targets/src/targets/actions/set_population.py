"""Enter or correct how many people live in a unit; the coverage of every figure it stands in follows at once."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.actions.roll_up import roll_up
from targets.domain.allocation_refusals import PopulationAhead, UnknownUnit
from targets.domain.figures import plain
from targets.queries.population import find_count, is_unit, touched_by
from targets.queries.scope import board_role
from targets.tables import population


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The population of a unit on a day, and who says so."""

    unit_id: UUID
    counted_on: date
    persons: int
    source: str


async def set_population(session: AsyncSession, count: Count, *, version: int, actor: Actor, now: datetime) -> int:
    """Store the count over version `version` (0: none yet) and return the new version.

    Raises Forbidden, UnknownUnit, PopulationAhead and StaleVersion.
    """
    if not await session.scalar(select(board_role(actor, "monitoring_officer"))):
        raise Forbidden
    before = await find_count(session, count.unit_id, count.counted_on)
    if (0 if before is None else before.version) != version:
        raise StaleVersion
    if count.counted_on > local_date(now):
        raise PopulationAhead
    if not await is_unit(session, count.unit_id):
        raise UnknownUnit
    values = {"persons": Decimal(count.persons), "source": count.source, "version": version + 1}
    here = {"unit_id": count.unit_id, "counted_on": count.counted_on}
    if before is None:
        try:
            await session.execute(insert(population).values(**here, **values))
        except IntegrityError:  # somebody entered it in the same moment
            raise StaleVersion from None
    else:
        await session.execute(
            update(population)
            .where(population.c.unit_id == count.unit_id, population.c.counted_on == count.counted_on)
            .values(values)
        )
    periods, organisations = await touched_by(session, count.unit_id, count.counted_on)
    if periods:
        await roll_up(session, periods, organisations, now=now)
    await audit.write(
        session,
        action="population.set",
        subject_type="unit",
        subject_id=count.unit_id,
        actor=actor,
        now=now,
        reason=None,
        details={
            "counted_on": count.counted_on.isoformat(),
            "before": None if before is None else plain(before.persons),
            "after": str(count.persons),
            "version": version + 1,
        },
    )
    return version + 1
