"""Figures of many periods or many organisations, from `roll_up` alone."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from targets.domain.restated_figures import Sums
from targets.domain.restating import Source
from targets.domain.series import PeriodRows

# What is below an organisation is asked for only where it went another way than the organisation itself, and told only
# where something is left of the organisation's own.
_SERIES = """
WITH span AS NOT MATERIALIZED (
  SELECT * FROM roll_up WHERE indicator_id = $1 AND period_kind = $2 AND last_day BETWEEN $3 AND $4
), below AS (
  SELECT child.parent AS organisation_id, span.period, sum(span.numerator) AS numerator,
         sum(span.denominator) AS denominator, CAST(sum(span.counted) AS int) AS counted,
         CAST(sum(span.expected) AS int) AS expected,
         jsonb_agg(span.breakdown) FILTER (WHERE span.breakdown <> '{}') AS breakdowns
    FROM unnest($6::uuid[], $7::uuid[]) AS child (parent, id) JOIN span ON span.organisation_id = child.id
   GROUP BY child.parent, span.period
), wanted AS (
  SELECT * FROM span WHERE organisation_id IS NULL
  UNION ALL
  SELECT * FROM span WHERE organisation_id = ANY ($5::uuid[])
)
SELECT wanted.organisation_id, wanted.period, wanted.last_day, wanted.numerator, wanted.denominator, wanted.breakdown,
       wanted.methods, wanted.counted, wanted.expected, wanted.population_counted, wanted.population_expected,
       below.numerator AS below_numerator, below.denominator AS below_denominator, below.counted AS below_counted,
       below.expected AS below_expected, below.breakdowns AS below_breakdowns
  FROM wanted LEFT JOIN below USING (organisation_id, period)
 WHERE below.expected IS NULL OR wanted.expected > below.expected
"""
_PERIOD = """
SELECT organisation_id, numerator, denominator, breakdown, methods, counted, expected, population_counted,
       population_expected
  FROM roll_up WHERE indicator_id = $1 AND period = $2
"""


async def series(
    session: AsyncSession, indicator_id: UUID, kind: str, span: tuple[date, date], sources: Sequence[Source]
) -> list[PeriodRows]:
    """Return every period of a kind in a span, oldest first, with the rows of these sources (one statement)."""
    pairs = [(source.organisation_id, child) for source in sources for child in source.children]
    found = await fetch(
        session,
        _SERIES,
        indicator_id,
        kind,
        *span,
        [source.organisation_id for source in sources],
        [parent for parent, _ in pairs],
        [child for _, child in pairs],
    )
    wholes: dict[str, tuple[date, Sums]] = {}
    rows: dict[str, dict[UUID, Sums]] = {}
    below: dict[str, dict[UUID, Sums]] = {}
    for row in found:
        code, place = row["period"], row["organisation_id"]
        if place is None:
            wholes[code] = row["last_day"], _sums(row)
            continue
        rows.setdefault(code, {})[place] = _sums(row)
        if row["below_expected"] is not None:
            below.setdefault(code, {})[place] = _below(row)
    return [
        PeriodRows(code, last_day, whole, rows.get(code, {}), below.get(code, {}))
        for code, (last_day, whole) in sorted(wholes.items(), key=lambda each: each[1][0])
    ]


async def of_period(session: AsyncSession, indicator_id: UUID, period: str) -> tuple[Sums | None, dict[UUID, Sums]]:
    """Return what is stored of the whole and of every organisation for one period (one statement)."""
    found = await fetch(session, _PERIOD, indicator_id, period)
    rows = {row["organisation_id"]: _sums(row) for row in found}
    return rows.pop(None, None), rows


def _sums(row: Any) -> Sums:
    return Sums(
        numerator=row["numerator"] if row["counted"] else None,
        denominator=row["denominator"] if row["counted"] else None,
        breakdown={name: Decimal(value) for name, value in row["breakdown"].items()},
        methods=tuple(row["methods"]),
        counted=row["counted"],
        expected=row["expected"],
        population_counted=row["population_counted"],
        population_expected=row["population_expected"],
    )


def _below(row: Any) -> Sums:
    breakdown: dict[str, Decimal] = {}
    for each in row["below_breakdowns"] or ():
        for name, value in each.items():
            breakdown[name] = breakdown.get(name, Decimal(0)) + Decimal(value)
    return Sums(
        numerator=row["below_numerator"],
        denominator=row["below_denominator"],
        breakdown=breakdown,
        counted=row["below_counted"],
        expected=row["below_expected"],
    )
