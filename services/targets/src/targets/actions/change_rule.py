"""Add a validation rule, or say a rule anew; what it said before stands in the audit's version."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from targets.domain.refusals import RuleIncomplete, UnknownIndicator
from targets.queries.scope import board_role
from targets.tables import indicator, validation_rule

SET_BY_PEOPLE = "set_by_monitoring_board"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """Everything a rule says, column by column; either a right side or a constant."""

    name_vi: str
    name_en: str
    left_indicator: str
    left_field: str
    left_factor: Decimal
    left_before: bool
    operator: str
    right_indicator: str | None
    right_field: str | None
    right_factor: Decimal | None
    right_before: bool | None
    right_constant: Decimal | None
    importance: str
    period_kinds: list[str]
    text_vi: str
    text_en: str
    source: str
    active_from: date
    active_to: date | None


async def add_rule(session: AsyncSession, code: str, terms: RuleTerms, *, actor: Actor, now: datetime) -> Row[Any]:
    """Store a new rule and return it. Raises Forbidden, UnknownIndicator, RuleIncomplete, AlreadyExists."""
    await _check(session, terms, actor)
    statement = (
        insert(validation_rule)
        .values(code=code, confidence=SET_BY_PEOPLE, version=1, **asdict(terms))
        .returning(validation_rule)
    )
    row: Row[Any] = (await session.execute(statement)).one()
    await _audit(session, row, "add", actor, now)
    return row


async def change_rule(
    session: AsyncSession, rule_id: UUID, terms: RuleTerms, *, version: int, actor: Actor, now: datetime
) -> Row[Any]:
    """Say a rule anew and return it. Raises NotFound, StaleVersion and what `add_rule` raises."""
    await _check(session, terms, actor)
    found = (
        await session.execute(select(validation_rule.c.version).where(validation_rule.c.id == rule_id))
    ).one_or_none()
    if found is None:
        raise NotFound
    statement = (
        update(validation_rule)
        .where(validation_rule.c.id == rule_id, validation_rule.c.version == version)
        .values(confidence=SET_BY_PEOPLE, version=version + 1, **asdict(terms))
        .returning(validation_rule)
    )
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if row is None:
        raise StaleVersion
    await _audit(session, row, "change", actor, now)
    return row


async def _check(session: AsyncSession, terms: RuleTerms, actor: Actor) -> None:
    """First who, then what: whether the actor may, then whether the rule makes sense."""
    named = {code for code in (terms.left_indicator, terms.right_indicator) if code is not None}
    statement = select(
        board_role(actor, "monitoring_officer").label("at_board"),
        select(func.count()).select_from(indicator).where(indicator.c.code.in_(named)).scalar_subquery(),
    )
    at_board, known = (await session.execute(statement)).one()
    if not at_board:
        raise Forbidden
    if known != len(named):
        raise UnknownIndicator(errors=[{"field": "indicator_code", "code": "unknown_indicator"}])
    both = terms.right_indicator is not None and terms.right_constant is not None
    neither = terms.right_indicator is None and terms.right_constant is None
    ended = terms.active_to is not None and terms.active_to < terms.active_from
    if both or neither or ended:
        raise RuleIncomplete


async def _audit(session: AsyncSession, row: Row[Any], done: str, actor: Actor, now: datetime) -> None:
    await audit.write(
        session,
        action=f"validation_rule.{done}",
        subject_type="validation_rule",
        subject_id=row.id,
        actor=actor,
        now=now,
        details={"code": row.code, "importance": row.importance, "version": row.version},
    )
