"""Set a new version of an indicator's target; the one before ends the day before, and neither changes afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import outbox
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets import publish
from targets.actions.write_indicator import Change, find_for_change, write_change
from targets.domain.figures import plain
from targets.domain.resolution_ids import target_id
from targets.domain.target_versions import Ended, check_version, succeed
from targets.queries.indicators import find_judged, find_targets
from targets.tables import target_version


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTarget:
    """The figure to be reached, from when, and by which decision."""

    comparator: str
    value: Decimal | None
    valid_from: date
    valid_to: date | None
    aggregation_scope: str
    counting_method: str
    minimum_coverage: Decimal | None
    baseline_value: Decimal | None
    baseline_on: date | None
    decision: str
    decided_on: date


async def set_target(
    session: AsyncSession, code: str, given: NewTarget, *, actor: Actor, now: datetime
) -> tuple[int, Ended | None]:
    """Store the version; return its number and which version ended for it.

    Raises NotFound, Forbidden, BadTarget (422), TargetOverlap and JudgedAlready (409).
    """
    row = await find_for_change(session, code, actor, version=None)
    number, ended = await add_version(session, row, given, now=now)
    change = Change(
        action="set_target",
        before={} if ended is None else {"number": str(ended.number), "ended_on": ended.last_day.isoformat()},
        after={"number": str(number), **_told(given)},
        decision=given.decision,
        decided_on=given.decided_on,
    )
    await write_change(session, row, change, actor=actor, now=now)
    return number, ended


async def add_version(
    session: AsyncSession, row: Row[Any], given: NewTarget, *, now: datetime
) -> tuple[int, Ended | None]:
    """End the open version, add the new one and tell of it. Raises BadTarget, TargetOverlap or JudgedAlready."""
    versions = (await find_targets(session, [row.id])).get(row.id, [])
    values = {name: getattr(given, name) for name in NewTarget.__dataclass_fields__}
    check_version(values, kind=row.kind)
    judged = await find_judged(session, row.id, given.valid_from, before=local_date(now))
    ended = succeed(versions, given.valid_from, judged)
    if ended is not None:
        await session.execute(
            update(target_version)
            .where(target_version.c.indicator_id == row.id, target_version.c.number == ended.number)
            .values(valid_to=ended.last_day)
        )
    number = max((version.number for version in versions), default=0) + 1
    own = target_id(row.code, number)
    await session.execute(insert(target_version).values(id=own, indicator_id=row.id, number=number, **values))
    event = publish.target_changed(own, indicator_code=row.code, number=number, target=values, ended=ended)
    await outbox.record(session, event=event, now=now)
    return number, ended


def _told(given: NewTarget) -> Mapping[str, str | None]:
    """Return the version as the history keeps it: plain JSON values, figures as exact text."""
    told: dict[str, str | None] = {}
    for name in NewTarget.__dataclass_fields__:
        value = getattr(given, name)
        told[name] = plain(value) if isinstance(value, Decimal) else None if value is None else str(value)
    return told
