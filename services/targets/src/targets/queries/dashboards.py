"""Reads of a whole resolution on one page, and of one indicator over all units: from `roll_up` alone, by index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from servicekit.errors import NotFound
from servicekit.pages import Window
from targets.domain.dashboards import SECTIONS, spans
from targets.domain.periods import Period

# Numbers and what is made of several come as text: exactly what is stored, and read only where it is needed.
# One look into the index for each indicator, whatever else is stored: the newest period with figures, else the newest
# that was opened; then the one with figures before it. `place` is written in, for no index answers IS NOT DISTINCT.
_LINES = """
WITH place AS (SELECT data FROM reference WHERE kind = 'organisation' AND id = $2::uuid),
versions AS (
  SELECT t.indicator_id, CAST(json_agg(json_build_array(t.number, t.comparator, CAST(t.value AS text), t.valid_from,
                                                        t.valid_to, CAST(t.minimum_coverage AS text)) ORDER BY t.number)
                              AS text) AS told
    FROM target_version t JOIN indicator i ON i.id = t.indicator_id JOIN resolution r ON r.id = i.resolution_id
   WHERE r.number = $1 GROUP BY t.indicator_id
)
SELECT i.id, i.code, i.name_vi, i.name_en, i.section, i.clause, i.kind, i.unit, i.direction, i.source, i.period_kind,
       f.period, CAST(f.numerator AS text) AS numerator, CAST(f.denominator AS text) AS denominator,
       CAST(f.breakdown AS text) AS breakdown, array_to_string(f.methods, ' ') AS methods, f.counted, f.expected,
       CAST(f.population_counted AS text) AS population_counted,
       CAST(f.population_expected AS text) AS population_expected, f.computed_at, before.period AS before_period,
       CAST(before.numerator AS text) AS before_numerator, CAST(before.denominator AS text) AS before_denominator,
       r.number, r.title, (SELECT data ->> 'name' FROM place) AS place_name,
       (SELECT data ->> 'valid_to' FROM place) AS place_valid_to, versions.told AS versions
  FROM resolution r
  JOIN indicator i ON i.resolution_id = r.id
  LEFT JOIN versions ON versions.indicator_id = i.id
  LEFT JOIN LATERAL (
    SELECT CASE WHEN i.period_kind <> $7 AND $7 = ANY (i.reporting_kinds) AND EXISTS (
             SELECT FROM roll_up a WHERE a.organisation_id {place} AND a.indicator_id = i.id AND a.period_kind = $7
                AND a.last_day = $8 AND a.counted > 0)
           THEN $7 ELSE i.period_kind END AS kind
  ) shown ON true
  LEFT JOIN unnest($3::text[], $4::date[], $5::date[]) AS span (kind, first, last) ON span.kind = shown.kind
  LEFT JOIN LATERAL (
    SELECT * FROM roll_up f
     WHERE f.organisation_id {place} AND f.indicator_id = i.id AND f.period_kind = shown.kind
       AND f.last_day BETWEEN span.first AND span.last
     ORDER BY f.counted > 0 DESC, f.last_day DESC LIMIT 1
  ) f ON true
  LEFT JOIN LATERAL (
    SELECT b.period, b.numerator, b.denominator FROM roll_up b
     WHERE b.organisation_id {place} AND b.indicator_id = i.id AND b.period_kind = shown.kind
       AND b.last_day < f.last_day AND b.counted > 0
     ORDER BY b.last_day DESC LIMIT 1
  ) before ON true
 WHERE r.number = $1
 ORDER BY array_position($6::text[], i.section), i.position, i.code
"""


async def find_lines(
    session: AsyncSession, number: str, asked: Period, organisation_id: UUID | None
) -> Sequence[Mapping[str, Any]]:
    """Return every indicator of a resolution with its figures for a period (one statement).

    Raises NotFound for a resolution without indicators and for an unknown organisation.
    """
    of_kind = spans(asked)
    statement = _LINES.format(place="IS NULL" if organisation_id is None else "= $2::uuid")
    rows: Any = await fetch(
        session,
        statement,
        number,
        organisation_id,
        [span.kind for span in of_kind],
        [span.first.last_day for span in of_kind],
        [span.last.last_day for span in of_kind],
        list(SECTIONS),
        asked.kind.value,
        asked.last_day,
    )
    if not rows or (organisation_id is not None and rows[0]["place_name"] is None):
        raise NotFound
    lines: Sequence[Mapping[str, Any]] = rows
    return lines


@dataclass(frozen=True, slots=True)
class Ranking:
    """Which units, and which of them come first."""

    indicator: Row[Any]
    period: str
    order: Literal["best", "worst"]
    share: bool
    """Ranked by the rate rather than by the number."""


# Who has no figures comes last, whatever the order; nobody is ranked by a missing figure.
_RANKED = """
SELECT * FROM (
  SELECT f.*, rank() OVER (ORDER BY f.missing, f.measure) AS rank FROM (
    SELECT v.organisation_id, o.data ->> 'name' AS organisation_name, o.data ->> 'unit_code' AS unit_code,
           CAST(o.data ->> 'valid_to' AS date) AS valid_to, v.numerator, v.denominator, v.methods, v.counted,
           v.expected, v.last_day, CASE WHEN {value} IS NULL THEN 1 ELSE 0 END AS missing,
           COALESCE(:sign * {value}, 0) AS measure
      FROM roll_up v
      JOIN reference o ON o.kind = 'organisation' AND o.id = v.organisation_id
     WHERE v.indicator_id = :indicator AND v.period = :period
       AND o.data ->> 'level' = :level
       AND (cardinality(CAST(:kinds AS text[])) = 0 OR o.data ->> 'kind' = ANY (CAST(:kinds AS text[])))
  ) f
) ranked
"""
_SHARE = "(CASE WHEN v.counted > 0 AND v.denominator > 0 THEN round(v.numerator / v.denominator, 20) END)"
_NUMBER = "(CASE WHEN v.counted > 0 THEN v.numerator END)"


async def rank_units(session: AsyncSession, window: Window, wanted: Ranking) -> Sequence[Row[Any]]:
    """Return one page of the units with their figures, ranked (one statement)."""
    indicator = wanted.indicator
    higher_first = (indicator.direction == "higher") == (wanted.order == "best")
    statement = _RANKED.format(value=_SHARE if wanted.share else _NUMBER)
    given: dict[str, Any] = {
        "indicator": indicator.id,
        "period": wanted.period,
        "level": indicator.reporter_level,
        "kinds": list(indicator.reporter_kinds),
        "sign": -1 if higher_first else 1,
        "limit": window.limit + 1,
    }
    if window.position is not None:
        statement += " WHERE (missing, measure, organisation_id) > (:missing, CAST(:measure AS numeric), :after)"
        given |= dict(zip(("missing", "measure", "after"), window.position, strict=True))
    statement += " ORDER BY missing, measure, organisation_id LIMIT :limit"
    return (await session.execute(text(statement), given)).all()
