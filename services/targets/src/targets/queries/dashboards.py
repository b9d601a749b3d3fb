"""Reads of a whole resolution on one page, and of one indicator over all units: from `roll_up` alone, by index."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from servicekit.errors import NotFound
from targets.domain.dashboards import SECTIONS
from targets.queries.judging import VERSIONS_OF_INDICATOR, TargetVersion, read_versions

# The mark of a line: what a change of anything it is made of changes. Every change of an indicator and its targets
# counts its version up; of figures it is told how many there are, how often they have changed, and when last, from the
# index alone, so that a page costs the same however much is stored. Only lines with a new mark are read in full. A body
# at the top may stand for the whole, whose figures then count as well. The places are written in twice, for no index
# answers IS NOT DISTINCT.
_MARKS = """
WITH place AS (SELECT data, cardinality(path) AS depth FROM reference WHERE kind = 'organisation' AND id = $2::uuid),
handed AS (
  SELECT t.indicator_id, count(*) AS allocations FROM allocation h JOIN target_version t ON t.id = h.target_version_id
   WHERE $2::uuid IS NOT NULL GROUP BY t.indicator_id
)
SELECT i.id, i.version, handed.allocations, own.figures, own.changes, own.changed_at,
       whole.figures AS whole_figures, whole.changes AS whole_changes, whole.changed_at AS whole_changed_at,
       r.number, r.title, place.depth, place.data ->> 'name' AS place_name, place.data ->> 'valid_to' AS place_valid_to
  FROM resolution r
  JOIN indicator i ON i.resolution_id = r.id
  LEFT JOIN place ON true
  LEFT JOIN handed ON handed.indicator_id = i.id
  JOIN LATERAL (
    SELECT count(*) AS figures, sum(f.told) AS changes, max(f.computed_at) AS changed_at
      FROM roll_up f WHERE f.organisation_id {place} AND f.indicator_id = i.id
  ) own ON true
  JOIN LATERAL (
    SELECT count(*) AS figures, sum(f.told) AS changes, max(f.computed_at) AS changed_at
      FROM roll_up f WHERE place.depth = 1 AND f.organisation_id IS NULL AND f.indicator_id = i.id
  ) whole ON true
 WHERE r.number = $1
 ORDER BY array_position($3::text[], i.section), i.position, i.code
"""


async def find_marks(session: AsyncSession, number: str, organisation_id: UUID | None) -> Sequence[Mapping[str, Any]]:
    """Return the mark of every indicator of a resolution, in its order (one statement).

    Raises NotFound for a resolution without indicators and for an unknown organisation.
    """
    statement = _MARKS.format(place="IS NULL" if organisation_id is None else "= $2::uuid")
    rows: Any = await fetch(session, statement, number, organisation_id, list(SECTIONS))
    if not rows or (organisation_id is not None and rows[0]["place_name"] is None):
        raise NotFound
    marks: Sequence[Mapping[str, Any]] = rows
    return marks


_DESCRIBED = "SELECT i.*, v.versions FROM indicator i LEFT JOIN ({versions}) v ON v.indicator_id = i.id WHERE {which}"
_VERSIONS = VERSIONS_OF_INDICATOR.format(place="CAST(:place AS uuid)")
_BY_ID = text(_DESCRIBED.format(versions=_VERSIONS, which="i.id = ANY (:ids)"))
_BY_CODE = text(_DESCRIBED.format(versions=_VERSIONS, which="i.code = :code"))


async def find_described(session: AsyncSession, ids: Sequence[UUID], place: UUID | None) -> Sequence[Row[Any]]:
    """Return indicators with their target versions and what was handed down of them to a place (one statement)."""
    return (await session.execute(_BY_ID, {"ids": list(ids), "place": place})).all()


async def find_judged_indicator(session: AsyncSession, code: str) -> tuple[Row[Any], tuple[TargetVersion, ...]]:
    """Return an indicator with every version of its target (one statement). Raises NotFound."""
    row = (await session.execute(_BY_CODE, {"code": code, "place": None})).one_or_none()
    if row is None:
        raise NotFound
    return row, read_versions(row.versions)


_UNITS = text("""
    SELECT o.id, o.data ->> 'name' AS name, o.data ->> 'unit_code' AS unit_code,
           CAST(o.data ->> 'valid_to' AS date) AS valid_to, cardinality(o.path) AS depth, p.value AS allocated
      FROM reference o
      LEFT JOIN allocated_target p ON p.target_version_id = CAST(:target AS uuid) AND p.organisation_id = o.id
       AND p.version = (SELECT max(version) FROM allocation WHERE target_version_id = CAST(:target AS uuid))
     WHERE o.kind = 'organisation' AND o.data ->> 'level' = :level
       AND (cardinality(CAST(:kinds AS text[])) = 0 OR o.data ->> 'kind' = ANY (CAST(:kinds AS text[])))
""")


async def find_units(session: AsyncSession, indicator: Row[Any], target_id: UUID | None) -> Mapping[UUID, Row[Any]]:
    """Return every unit that reports an indicator or ever did, with what it was handed down (one statement)."""
    given = {"target": target_id, "level": indicator.reporter_level, "kinds": list(indicator.reporter_kinds)}
    return {row.id: row for row in (await session.execute(_UNITS, given)).all()}
