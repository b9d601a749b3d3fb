"""What every change of an indicator writes beside itself: the next version, a line of its history, the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from targets.queries.scope import board_role
from targets.tables import indicator, indicator_change


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of an indicator: values before and after, and the decision behind it, if one is needed."""

    action: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    columns: Mapping[str, Any] = field(default_factory=dict)
    """What of the indicator's own row changes."""
    decision: str | None = None
    decided_on: date | None = None


async def find_for_change(session: AsyncSession, code: str, actor: Actor, *, version: int | None) -> Row[Any]:
    """Return the indicator a monitoring officer of the city's board wants to change, held until the change is stored.

    Raises NotFound, Forbidden and, when the version the change was decided on is given, StaleVersion.
    """
    statement = select(indicator.c.id, board_role(actor, "monitoring_officer").label("at_board"))
    found = (await session.execute(statement.where(indicator.c.code == code))).one_or_none()
    if found is None:
        raise NotFound
    if not found.at_board:
        raise Forbidden
    # Who is not on the board may not even hold the row; that is why it is asked for twice.
    held = (await session.execute(select(indicator).where(indicator.c.id == found.id).with_for_update())).one()
    if version is not None and held.version != version:
        raise StaleVersion
    return held


async def write_change(session: AsyncSession, row: Row[Any], change: Change, *, actor: Actor, now: datetime) -> int:
    """Store the change of an indicator that is held, and return its new version."""
    version = int(row.version) + 1
    await session.execute(update(indicator).where(indicator.c.id == row.id).values(**change.columns, version=version))
    await session.execute(
        insert(indicator_change).values(
            indicator_id=row.id,
            version=version,
            at=now,
            actor_id=actor.id,
            action=change.action,
            values_before=dict(change.before),
            values_after=dict(change.after),
            decision=change.decision,
            decided_on=change.decided_on,
        )
    )
    await audit.write(
        session,
        action=f"indicator.{change.action}",
        subject_type="indicator",
        subject_id=row.id,
        actor=actor,
        now=now,
        reason=None,
        details={"indicator": row.code, "fields": sorted(change.after), "version": version},
    )
    return version
