"""End a version of a deadline rule without a successor; what runs under it goes on."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.domain.errors import RuleEnded
from registry.tables import DeadlineRule
from servicekit import audit
from servicekit.errors import NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.outbox import record


async def end_rule(
    session: AsyncSession, rule_id: UUID, *, last_day: date, source: str, expected: int, actor: Actor, now: datetime
) -> DeadlineRule:
    """Give a version its last day. Raises NotFound, StaleVersion, RuleEnded."""
    row = await session.scalar(select(DeadlineRule).where(DeadlineRule.id == rule_id).with_for_update())
    if row is None:
        raise NotFound
    if row.version != expected:
        raise StaleVersion
    if row.valid_to is not None or last_day < row.valid_from:
        raise RuleEnded
    row.valid_to = last_day
    row.version += 1
    await session.flush()
    await audit.write(
        session,
        action="deadline_rule.ended",
        subject_type="deadline_rule",
        subject_id=row.id,
        actor=actor,
        now=now,
        details={"key": row.key, "rule_version": row.rule_version, "source": source},
    )
    await record(session, event=publish.changed("deadline_rule", row), now=now)
    return row
