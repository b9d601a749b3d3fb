"""Change how an indicator is described: definition, formula in words, source, owner now, how often it is reported."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.identity import Actor
from targets.actions.write_indicator import Change, find_for_change, write_change
from targets.domain.refusals import NothingToChange
from targets.domain.resolution_problems import problem
from targets.domain.resolution_refusals import BadDescription


async def describe_indicator(
    session: AsyncSession, code: str, given: Mapping[str, Any], *, version: int, actor: Actor, now: datetime
) -> None:
    """Store what differs. Raises NotFound, Forbidden, StaleVersion, NothingToChange and BadDescription (422)."""
    row = await find_for_change(session, code, actor, version=version)
    after = {name: value for name, value in given.items() if getattr(row, name) != value}
    if not after:
        raise NothingToChange
    problems = list(_problems(row, after))
    if problems:
        raise BadDescription(errors=problems)
    before = {name: getattr(row, name) for name in after}
    change = Change(action="describe", before=before, after=after, columns=after)
    await write_change(session, row, change, actor=actor, now=now)


def _problems(row: Row[Any], after: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if row.kind != "ratio":
        yield from (
            problem(name, "denominator_not_used") for name in ("denominator_vi", "denominator_en") if name in after
        )
    if row.source != "reports" and "reporting_kinds" in after:
        yield problem("reporting_kinds", "not_reported")
