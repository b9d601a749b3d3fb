"""What every change of a dispute writes: the row by compare-and-set, its history line, audit and event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import Step
from servicekit.outbox import EventDraft
from targets.tables import dispute, dispute_change


async def change_dispute(session: AsyncSession, seen: Row[Any], step: Step, now: datetime, **values: Any) -> None:
    """Write a step over a dispute as it was read. Raises StaleVersion when somebody else was faster."""
    written = await session.execute(
        update(dispute)
        .where(dispute.c.id == seen.id, dispute.c.version == seen.version, dispute.c.status == seen.status)
        .values(status=step.target, version=seen.version + 1, told=seen.told + 1, changed_at=now, **values)
        .returning(dispute.c.id)
    )
    if written.one_or_none() is None:
        raise StaleVersion


async def tell(
    session: AsyncSession,
    seen: Mapping[str, Any],
    *,
    action: str,
    before: str | None,
    after: str,
    version: int,
    event: EventDraft,
    actor: Actor,
    now: datetime,
    text: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write history (with its text), audit and event (without) of one change; `seen` names the value."""
    said = dict(details or {})
    await session.execute(
        insert(dispute_change).values(
            dispute_id=seen["id"],
            version=version,
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            status_before=before,
            status_after=after,
            details=said,
            text=text,
        )
    )
    await audit.write(
        session,
        action=f"dispute.{action}",
        subject_type="dispute",
        subject_id=seen["id"],
        actor=actor,
        now=now,
        details={
            "indicator": seen["indicator_code"],
            "period": seen["period"],
            "organisation": str(seen["organisation_id"]),
            "status": after,
            "version": version,
            **said,
        },
    )
    await outbox.record(session, event=event, now=now)
