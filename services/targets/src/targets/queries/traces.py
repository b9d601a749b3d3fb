"""Reads of what a figure was made of."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound

MOST_REPORTS = 500
_ROW = text(
    """
    SELECT i.id AS indicator_id, i.code, i.source, i.kind, f.period, f.organisation_id, f.numerator, f.denominator,
           f.breakdown, f.methods, f.counted, f.expected, f.population_counted, f.population_expected, f.trace,
           f.told, f.computed_at
      FROM indicator i
      LEFT JOIN roll_up f ON f.indicator_id = i.id AND f.period = :period
       AND f.organisation_id IS NOT DISTINCT FROM CAST(:organisation AS uuid)
     WHERE i.code = :code
    """
)
# As far as the caller may see them; the sums above are of all.
_REPORTS = text(
    """
    SELECT r.id, r.organisation_id, o.data ->> 'name' AS organisation_name, r.numerator, r.denominator,
           r.counting_method, r.approved_on, r.version
      FROM report r
      JOIN reporting_period p ON p.id = r.period_id
      JOIN reference o ON o.kind = 'organisation' AND o.id = r.organisation_id
     WHERE p.indicator_id = :indicator AND p.code = :period AND r.status = 'approved'
       AND (CAST(:organisation AS uuid) IS NULL OR o.path @> ARRAY[CAST(:organisation AS uuid)])
     ORDER BY r.organisation_id LIMIT :most
    """
)


async def find_traced(session: AsyncSession, code: str, period: str, organisation_id: UUID | None) -> Row[Any]:
    """Return a figure with its trace (one statement). Raises NotFound when nothing was ever reported or computed."""
    row = (await session.execute(_ROW, {"code": code, "period": period, "organisation": organisation_id})).one_or_none()
    if row is None or row.period is None:
        raise NotFound
    return row


async def list_reports_behind(
    session: AsyncSession, indicator_id: UUID, period: str, organisation_id: UUID | None
) -> list[Row[Any]]:
    """Return the approved reports a sum is made of, as far as the caller may see them (one statement)."""
    given = {
        "indicator": indicator_id,
        "period": period,
        "organisation": organisation_id,
        "most": MOST_REPORTS,
    }
    return list((await session.execute(_REPORTS, given)).all())
