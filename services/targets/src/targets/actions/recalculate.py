"""Compute anew every indicator whose formula uses figures that changed, in the transaction of the change."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from targets.domain.figures import plain
from targets.domain.periods import Period
from targets.domain.recalculation import Computed, FormulaIndicator, Pair, affected, compute
from targets.queries.formulas import load_formulas, load_sources, pairs_of

# Figures change side by side, but never while a formula is being set: otherwise one that was not yet there when a
# change began would be computed without it.
_CHANGING = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('setting formulas', 0))")
_SETTING = text("SELECT pg_advisory_xact_lock(hashtextextended('setting formulas', 0))")
# Two changes that feed one formula must not each miss the other's figures, so they wait for each other here, before
# either has locked anything else.
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended('formulas', 0))")
_STORE = text("SELECT count(*) FROM store_roll_up(CAST(:rows AS jsonb), :now)")


async def hold_formulas(
    session: AsyncSession, *, periods: Sequence[UUID] = (), pairs: Iterable[Pair] = ()
) -> list[Pair]:
    """Return what is about to change, held for recalculation; empty when no formula uses any of it.

    Called before the figures are written, with reporting periods or with indicator codes and periods.
    """
    await session.execute(_CHANGING)
    formulas = await load_formulas(session)
    if not formulas:
        return []
    changed = [*pairs, *(await pairs_of(session, periods) if periods else ())]
    if not affected(changed, formulas):
        return []
    await session.execute(_HOLD)
    return changed


async def hold_all(session: AsyncSession) -> None:
    """Let no figure and no formula change elsewhere until this transaction ends; waits for those that are at it."""
    await session.execute(_SETTING)


async def recalculate(
    session: AsyncSession, changed: Iterable[Pair], organisations: Sequence[UUID] | None, *, now: datetime
) -> None:
    """Compute what follows from the changed figures, for these organisations, all above them and the whole.

    None means every organisation. Three statements; `hold_formulas` came before.
    """
    formulas = await load_formulas(session)
    await store(session, affected(changed, formulas), organisations, now=now)


async def store(
    session: AsyncSession,
    pairs: Sequence[tuple[FormulaIndicator, Period]],
    organisations: Sequence[UUID] | None,
    *,
    now: datetime,
) -> list[Computed]:
    """Compute these indicators and periods in the given order, write what differs, and return every row there is."""
    if not pairs:
        return []
    codes = {code for indicator, _ in pairs for version in indicator.versions for code in version.formula.codes}
    own = {indicator.code for indicator, _ in pairs}
    sources = await load_sources(session, codes | own, [period for _, period in pairs], organisations)
    rows = compute(pairs, sources)
    if rows:
        await session.execute(_STORE, {"rows": json.dumps([_stored(row) for row in rows]), "now": now})
    return rows


def _stored(row: Computed) -> dict[str, Any]:
    figures, (counted, expected) = row.figures, row.population
    below = None if figures is None else figures.denominator
    return {
        "indicator_id": str(row.indicator.id),
        "period": row.period.code,
        "period_kind": row.period.kind.value,
        "last_day": row.period.last_day.isoformat(),
        "organisation_id": None if row.place is None else str(row.place),
        "numerator": None if figures is None else plain(figures.numerator),
        "denominator": None if below is None else plain(below),
        "methods": list(row.methods),
        "counted": row.coverage.counted,
        "expected": row.coverage.expected,
        "population_counted": None if counted is None else plain(counted),
        "population_expected": None if expected is None else plain(expected),
        "trace": row.trace,
    }
