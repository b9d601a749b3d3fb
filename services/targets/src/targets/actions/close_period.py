"""Close reporting periods, so that nothing in them changes: one, a form's, or those whose time is over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide
from targets import publish
from targets.domain.forms import Form
from targets.domain.period_steps import CLOSED, OPEN, STEPS
from targets.domain.periods import Period
from targets.queries.scope import board_role
from targets.tables import indicator, reporting_period


async def close_period(
    session: AsyncSession,
    period_id: UUID,
    *,
    reason_code: str | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Close one period. Raises NotFound, StaleVersion, Forbidden or StepNotAllowed."""
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
    decide(STEPS, row.status, "close", actor.roles(), {})
    if not await close_all(session, [period_id], reason_code=reason_code, actor=actor, now=now, version=version):
        raise StaleVersion


async def close_form_period(
    session: AsyncSession,
    form: Form,
    period: Period,
    *,
    reason_code: str | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Close every period of a form at once; `version` is the sum of theirs.

    Raises NotFound, Forbidden, StaleVersion, or StepNotAllowed when all of them are closed.
    """
    rows = (
        await session.execute(
            select(
                reporting_period.c.id,
                reporting_period.c.status,
                reporting_period.c.version,
                board_role(actor, "monitoring_officer").label("at_board"),
            )
            .where(reporting_period.c.form_id == form.id, reporting_period.c.code == period.code)
            .order_by(reporting_period.c.id)
            .with_for_update(of=reporting_period)
        )
    ).all()
    if not rows:
        raise NotFound
    if not rows[0].at_board:
        raise Forbidden
    if sum(row.version for row in rows) != version:
        raise StaleVersion
    still_open = [row.id for row in rows if row.status == OPEN]
    decide(STEPS, OPEN if still_open else CLOSED, "close", actor.roles(), {})
    await close_all(session, still_open, reason_code=reason_code, actor=actor, now=now)


async def close_all(
    session: AsyncSession,
    period_ids: Sequence[UUID],
    *,
    reason_code: str | None,
    actor: Actor,
    now: datetime,
    version: int | None = None,
) -> int:
    """Close those of the periods that are open, with audit and event, and return how many."""
    closing = (
        update(reporting_period)
        .where(
            reporting_period.c.id.in_(period_ids),
            reporting_period.c.status == OPEN,
            reporting_period.c.indicator_id == indicator.c.id,
        )
        .values(status=CLOSED, version=reporting_period.c.version + 1, told=reporting_period.c.told + 1)
        .returning(reporting_period, indicator.c.code.label("indicator_code"))
    )
    if version is not None:
        closing = closing.where(reporting_period.c.version == version)
    rows = (await session.execute(closing)).all()
    entries = [
        audit.Entry("period.close", "reporting_period", row.id, reason_code, {"version": row.version}) for row in rows
    ]
    await audit.write_all(session, entries, actor=actor, now=now)
    await outbox.record_all(session, [publish.period_closed(row) for row in rows], now=now)
    return len(rows)
