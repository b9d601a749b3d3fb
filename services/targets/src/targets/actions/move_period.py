"""Close a reporting period, so that nothing in it changes, or reopen it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide
from targets.domain.period_steps import STEPS
from targets.queries.scope import board_role
from targets.tables import reporting_period


async def move_period(
    session: AsyncSession,
    period_id: UUID,
    *,
    action: str,
    reason_code: str | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Take one step of a period. Raises NotFound, StaleVersion, Forbidden or StepNotAllowed."""
    row = (
        await session.execute(
            select(
                reporting_period.c.status,
                reporting_period.c.version,
                board_role(actor, "monitoring_officer").label("at_board"),
            ).where(reporting_period.c.id == period_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    if not row.at_board:
        raise Forbidden
    if row.version != version:
        raise StaleVersion
    step = decide(STEPS, row.status, action, actor.roles(), {})
    changed = await session.execute(
        update(reporting_period)
        .where(
            reporting_period.c.id == period_id,
            reporting_period.c.version == version,
            reporting_period.c.status == row.status,
        )
        .values(status=step.target, version=version + 1)
        .returning(reporting_period.c.id)
    )
    if changed.one_or_none() is None:
        raise StaleVersion
    await audit.write(
        session,
        action=f"period.{action}",
        subject_type="reporting_period",
        subject_id=period_id,
        actor=actor,
        now=now,
        reason=reason_code,
        details={"version": version + 1},
    )
