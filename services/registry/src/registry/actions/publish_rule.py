"""Put a new version of a deadline rule in place of the present one; what runs under the old one keeps it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.domain import ids
from registry.domain.errors import RuleNotNewer
from registry.tables import DeadlineRule, LegalProvision
from servicekit import audit
from servicekit.errors import Invalid
from servicekit.identity import Actor
from servicekit.outbox import record


@dataclass(frozen=True, slots=True)
class RuleContent:
    """A version of a rule; `basis` and `provision_id` say where it is written, None where nothing was found."""

    key: str
    title: str
    amount: int
    unit: str
    direction: str
    anchor: str
    basis: str | None
    provision_id: UUID | None
    confidence: str
    note: str | None
    valid_from: date


async def publish_rule(
    session: AsyncSession, content: RuleContent, *, replaces: int | None, actor: Actor, now: datetime
) -> DeadlineRule:
    """Store the new version and close the one it replaces the day before.

    `replaces` is the rule_version the author saw, None for a rule that did not exist. Raises RuleNotNewer, Invalid.
    """
    await _check_basis(session, content)
    last = (
        await session.scalars(
            select(DeadlineRule)
            .where(DeadlineRule.key == content.key)
            .order_by(DeadlineRule.rule_version.desc())
            .limit(1)
            .with_for_update()
        )
    ).one_or_none()
    if (last.rule_version if last else None) != replaces:
        raise RuleNotNewer
    if last is not None:
        if content.valid_from <= last.valid_from or (last.valid_to is not None and content.valid_from <= last.valid_to):
            raise RuleNotNewer
        if last.valid_to is None:
            last.valid_to = content.valid_from - timedelta(days=1)
            last.version += 1
            await session.flush()
            await record(session, event=publish.changed("deadline_rule", last), now=now)
    number = (last.rule_version if last else 0) + 1
    row = DeadlineRule(
        id=ids.rule_id(content.key, number),
        key=content.key,
        rule_version=number,
        title=content.title,
        amount=content.amount,
        unit=content.unit,
        direction=content.direction,
        anchor=content.anchor,
        basis=content.basis,
        provision_id=content.provision_id,
        confidence=content.confidence,
        note=content.note,
        valid_from=content.valid_from,
        valid_to=None,
        version=1,
    )
    session.add(row)
    await session.flush()
    await audit.write(
        session,
        action="deadline_rule.published",
        subject_type="deadline_rule",
        subject_id=row.id,
        actor=actor,
        now=now,
        details={"key": row.key, "rule_version": number},
    )
    await record(session, event=publish.changed("deadline_rule", row), now=now)
    return row


async def _check_basis(session: AsyncSession, content: RuleContent) -> None:
    if content.confidence == "confirmed" and content.basis is None:
        raise Invalid(errors=[{"field": "body.basis", "code": "confirmed_needs_basis"}])
    if content.provision_id is not None and await session.get(LegalProvision, content.provision_id) is None:
        raise Invalid(errors=[{"field": "body.provision_id", "code": "unknown_provision"}])
