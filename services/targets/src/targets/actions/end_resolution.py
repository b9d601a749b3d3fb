"""Say until when a resolution is in force, by a decision; its indicators and what was reported stay."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from targets.domain.resolution_problems import problem
from targets.domain.resolution_refusals import BadResolution
from targets.queries.scope import board_role
from targets.tables import resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """The last day a resolution is in force, and by which decision."""

    valid_to: date
    decision: str
    decided_on: date


async def end_resolution(
    session: AsyncSession, resolution_id: UUID, given: LastDay, *, version: int, actor: Actor, now: datetime
) -> None:
    """Store the last day. Raises NotFound, Forbidden, StaleVersion, and BadResolution when it lies before the first."""
    statement = select(resolution, board_role(actor, "monitoring_officer").label("at_board"))
    row = (await session.execute(statement.where(resolution.c.id == resolution_id))).one_or_none()
    if row is None:
        raise NotFound
    if not row.at_board:
        raise Forbidden
    if row.version != version:
        raise StaleVersion
    if given.valid_to < row.valid_from:
        raise BadResolution(number=1, errors=[problem("valid_to", "dates_reversed")])
    changed = await session.execute(
        update(resolution)
        .where(resolution.c.id == resolution_id, resolution.c.version == version)
        .values(
            valid_to=given.valid_to,
            end_decision=given.decision,
            end_decided_on=given.decided_on,
            version=version + 1,
        )
        .returning(resolution.c.id)
    )
    if changed.one_or_none() is None:
        raise StaleVersion
    await audit.write(
        session,
        action="resolution.end",
        subject_type="resolution",
        subject_id=resolution_id,
        actor=actor,
        now=now,
        reason=None,
        details={
            "before": None if row.valid_to is None else row.valid_to.isoformat(),
            "after": given.valid_to.isoformat(),
            "version": version + 1,
        },
    )
