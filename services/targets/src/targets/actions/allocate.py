"""Hand a target down to units: one decision, all parts in one call, a new version each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.domain.allocating import Balance, Method, Unit, balance, check_parts
from targets.domain.allocation_refusals import NothingToAllocate
from targets.domain.formula_refusals import DecisionAhead
from targets.queries.allocations import find_target_version, find_units
from targets.queries.scope import board_role
from targets.tables import allocated_target, allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAllocation:
    """What the monitoring board decided: every unit's part."""

    method: Method
    decision: str
    decided_on: date
    parts: Sequence[tuple[UUID, Decimal]]


@dataclass(frozen=True, slots=True)
class Allocated:
    """An allocation as it stands, or would stand."""

    target: Row[Any]
    version: int
    parts: dict[UUID, Decimal]
    units: dict[UUID, Unit]
    balance: Balance


async def allocate(
    session: AsyncSession,
    code: str,
    number: int,
    given: NewAllocation,
    *,
    version: int,
    dry_run: bool,
    actor: Actor,
    now: datetime,
) -> Allocated:
    """Check every part and, unless this is a dry run, store the new version.

    A gap between the parts and the whole is no mistake: it is shown. Raises NotFound, Forbidden, StaleVersion,
    NothingToAllocate, DecisionAhead, WrongAllocationMethod and BadAllocation.
    """
    target = await find_target_version(session, code, number)
    if not await session.scalar(select(board_role(actor, "monitoring_officer"))):
        raise Forbidden
    if target.allocated_version != version:
        raise StaleVersion
    today = local_date(now)
    if target.value is None:
        raise NothingToAllocate
    if given.decided_on > today:
        raise DecisionAhead
    units = await find_units(
        session, target.indicator_id, day_that_counts(target, today), [id_ for id_, _ in given.parts]
    )
    check_parts(target.kind, given.method, given.parts, units, whole_numbers=target.whole_numbers)
    parts = dict(given.parts)
    found = Allocated(target, version + 1, parts, units, balance(target.value, given.method, parts, units))
    if not dry_run:
        await _store(session, found, given, actor, now)
    return found


def day_that_counts(target: Any, today: date) -> date:
    """Return the day on which a unit must stand to be given a part: today, within the target's validity."""
    day: date = max(today, target.valid_from)
    return day if target.valid_to is None else min(day, target.valid_to)


async def _store(session: AsyncSession, found: Allocated, given: NewAllocation, actor: Actor, now: datetime) -> None:
    head = {"target_version_id": found.target.id, "version": found.version}
    try:
        await session.execute(
            insert(allocation).values(
                **head,
                method=given.method,
                decision=given.decision,
                decided_on=given.decided_on,
                set_by=actor.id,
                set_at=now,
            )
        )
    except IntegrityError:  # somebody stored this version in the same moment
        raise StaleVersion from None
    if found.parts:
        await session.execute(
            insert(allocated_target),
            [head | {"organisation_id": unit, "value": value} for unit, value in found.parts.items()],
        )
    await audit.write(
        session,
        action="allocation.set",
        subject_type="target_version",
        subject_id=found.target.id,
        actor=actor,
        now=now,
        reason=None,
        details={
            "indicator": found.target.code,
            "target": found.target.number,
            "version": found.version,
            "units": len(found.parts),
        },
    )
