"""Make every figure anew from the approved reports and the formulas, and say what was different.

The same reports and formulas give the same figures, so the checksum of two runs is the same, and a difference means
that somebody wrote past the service. Figures counted from events are not touched here.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from servicekit import audit
from servicekit.db import Database
from targets.actions.recalculate import hold_all, store
from targets.actions.roll_up import sum_reports
from targets.domain.figures import plain
from targets.domain.recalculation import affected
from targets.queries.formulas import every_pair, load_formulas

FIGURES: Final = ("numerator", "denominator", "breakdown", "methods", "counted", "expected", "population_counted",
                  "population_expected")  # fmt: skip
_PERIODS: Final = text(
    "SELECT p.id, p.indicator_id, i.code, p.code AS period FROM reporting_period p"
    " JOIN indicator i ON i.id = p.indicator_id ORDER BY i.code, p.code"
)
_ROWS: Final = text(
    "SELECT f.*, i.code FROM roll_up f JOIN indicator i ON i.id = f.indicator_id"
    " WHERE f.indicator_id = ANY (:indicators) AND f.period = :period"
).bindparams(bindparam("indicators", type_=ARRAY(Uuid())))
_SURPLUS_PLACES: Final = text(
    """
    DELETE FROM roll_up f USING reporting_period p
     WHERE p.id = :id AND f.indicator_id = p.indicator_id AND f.period = p.code AND f.organisation_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM expected_report e JOIN reference o ON o.kind = 'organisation'
                          AND o.id = e.organisation_id
                        WHERE e.period_id = p.id AND f.organisation_id = ANY (o.path))
    """
)
_SURPLUS_REPORTED: Final = text(
    """
    DELETE FROM roll_up f USING indicator i
     WHERE i.id = f.indicator_id AND i.source = 'reports'
       AND NOT EXISTS (SELECT FROM reporting_period p WHERE p.indicator_id = f.indicator_id AND p.code = f.period)
    RETURNING f.*, i.code
    """
)
_SURPLUS_COMPUTED: Final = text(
    """
    DELETE FROM roll_up f USING indicator i
     WHERE i.id = f.indicator_id AND i.source = 'formula'
       AND (f.indicator_id, f.period) NOT IN (
             SELECT a.indicator, a.period
               FROM unnest(CAST(:indicators AS uuid[]), CAST(:periods AS text[])) AS a(indicator, period))
    RETURNING f.*, i.code
    """
)
_REMOVE: Final = text("DELETE FROM roll_up WHERE id = ANY (:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid())))
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that was not what the reports and formulas give: what stood there and what stands there now."""

    code: str
    period: str
    place: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class Recalculated:
    """How many figures there are, their checksum, and what had to be put right."""

    figures: int = 0
    differences: list[Difference] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def checksum(self) -> str:
        """The checksum over every figure, in one order."""
        return str(self.digest.hexdigest())

    def note(self, before: Iterable[Row[Any]], after: Iterable[Row[Any]]) -> list[Difference]:
        """Take in the rows of one step, and return what differs."""
        old = {_key(row): _figures(row) for row in before}
        new = {_key(row): _figures(row) for row in after}
        for key in sorted(new):
            self.figures += 1
            self.digest.update(f"{'|'.join(key)}|{new[key]}\n".encode())
        found = [
            Difference(*key, old.get(key), new.get(key))
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key)
        ]
        self.differences += found
        return found


async def recalculate_all(database: Database, *, now: datetime) -> Recalculated:
    """Recalculate period by period, each in a transaction of its own, with an audit entry where something differed."""
    result = Recalculated()
    async with database.read() as session:
        periods = (await session.execute(_PERIODS)).all()
    for period in periods:
        async with database.write() as session:
            await hold_all(session)
            before = await _rows(session, [period.indicator_id], period.period)
            await sum_reports(session, [period.id], None, now=now)
            await session.execute(_SURPLUS_PLACES, {"id": period.id})
            after = await _rows(session, [period.indicator_id], period.period)
            await _audit(session, period.indicator_id, result.note(before, after), now)
    await _remove(database, result, _SURPLUS_REPORTED, {}, now)
    await _formulas(database, result, now)
    return result


async def _formulas(database: Database, result: Recalculated, now: datetime) -> None:
    """Compute short periods before long ones; what no formula gives any more is taken away."""
    async with database.read() as session:
        formulas = await load_formulas(session)
        pairs = affected(await every_pair(session, formulas), formulas)
    for _, group in groupby(pairs, key=lambda pair: pair[1]):
        step = list(group)
        indicators, period = [indicator.id for indicator, _ in step], step[0][1].code
        async with database.write() as session:
            await hold_all(session)
            before = await _rows(session, indicators, period)
            rows = await store(session, step, None, now=now)
            computed = {(row.indicator.code, period, _place(row.place)) for row in rows}
            surplus = [row.id for row in before if _key(row) not in computed]
            if surplus:
                await session.execute(_REMOVE, {"ids": surplus})
            after = await _rows(session, indicators, period)
            await _audit(session, indicators[0], result.note(before, after), now)
    given = {"indicators": [found.id for found, _ in pairs], "periods": [period.code for _, period in pairs]}
    await _remove(database, result, _SURPLUS_COMPUTED, given, now)


async def _remove(
    database: Database, result: Recalculated, surplus: TextClause, given: dict[str, Any], now: datetime
) -> None:
    """Take away figures that no report or formula gives."""
    async with database.write() as session:
        await hold_all(session)
        removed = (await session.execute(surplus, given)).all()
        if removed:
            await _audit(session, removed[0].indicator_id, result.note(removed, ()), now)


async def _rows(session: AsyncSession, indicators: Sequence[UUID], period: str) -> Sequence[Row[Any]]:
    return (await session.execute(_ROWS, {"indicators": list(indicators), "period": period})).all()


async def _audit(session: AsyncSession, indicator_id: UUID, found: Sequence[Difference], now: datetime) -> None:
    if not found:
        return
    await audit.write(
        session,
        action="figures.put_right",
        subject_type="indicator",
        subject_id=indicator_id,
        actor=None,
        now=now,
        details={"period": found[0].period, "figures": len(found)},
    )


def _place(organisation_id: UUID | None) -> str:
    return "" if organisation_id is None else str(organisation_id)


def _key(row: Row[Any]) -> Key:
    return row.code, row.period, _place(row.organisation_id)


def _figures(row: Row[Any]) -> str:
    """Write a row's figures in one way, whatever zeros they were stored with."""
    values = {name: getattr(row, name) for name in FIGURES}
    return json.dumps(values, sort_keys=True, default=plain, ensure_ascii=False)


def lines(result: Recalculated) -> Iterator[str]:
    """Say what was found, a line each."""
    yield f"{result.figures} figures, checksum {result.checksum}, {len(result.differences)} put right"
    for found in result.differences:
        yield f"  {found.code} {found.period} {found.place or 'whole'}: {found.before} → {found.after}"
