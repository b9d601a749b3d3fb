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

# Everything a line is made of but its figures, and of those the mark: how many there are, how often they have changed,
# and when last. Read from the index alone, so that a page costs the same however much is stored; only lines whose mark
# is a new one have their figures read. A body at the top may stand for the whole, whose figures then count as well.
# The places are written in twice, for no index answers IS NOT DISTINCT.
_LINES = """
WITH place AS (SELECT data, cardinality(path) AS depth FROM reference WHERE kind = 'organisation' AND id = $2::uuid),
versions AS ({versions})
SELECT i.id, i.code, i.name_vi, i.name_en, i.section, i.clause, i.kind, i.unit, i.direction, i.source, i.period_kind,
       i.time_aggregation, array_to_string(i.reporting_kinds, ' ') AS reported, r.number, r.title,
       place.depth, place.data ->> 'name' AS place_name, place.data ->> 'valid_to' AS place_valid_to,
       versions.versions, own.figures, own.changes, own.changed_at,
       whole.figures AS whole_figures, whole.changes AS whole_changes, whole.changed_at AS whole_changed_at
  FROM resolution r
  JOIN indicator i ON i.resolution_id = r.id
  LEFT JOIN place ON true
  LEFT JOIN versions ON versions.indicator_id = i.id
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


async def find_lines(session: AsyncSession, number: str, organisation_id: UUID | None) -> Sequence[Mapping[str, Any]]:
    """Return every indicator of a resolution with its target versions and the mark of its figures (one statement).

    Raises NotFound for a resolution without indicators and for an unknown organisation.
    """
    own = "IS NULL" if organisation_id is None else "= $2::uuid"
    statement = _LINES.format(place=own, versions=VERSIONS_OF_INDICATOR.format(place="$2::uuid"))
    rows: Any = await fetch(session, statement, number, organisation_id, list(SECTIONS))
    if not rows or (organisation_id is not None and rows[0]["place_name"] is None):
        raise NotFound
    lines: Sequence[Mapping[str, Any]] = rows
    return lines


_INDICATOR = """
    SELECT i.*, v.versions FROM indicator i LEFT JOIN ({versions}) v ON v.indicator_id = i.id WHERE i.code = :code
"""
_JUDGED = text(_INDICATOR.format(versions=VERSIONS_OF_INDICATOR.format(place="NULL")))


async def find_indicator(session: AsyncSession, code: str) -> tuple[Row[Any], tuple[TargetVersion, ...]]:
    """Return an indicator with every version of its target (one statement). Raises NotFound."""
    row = (await session.execute(_JUDGED, {"code": code})).one_or_none()
    if row is None:
        raise NotFound
    return row, read_versions(row.versions)


_UNITS = text("""
    SELECT o.id, o.data ->> 'name' AS name, o.data ->> 'unit_code' AS unit_code,
           CAST(o.data ->> 'valid_to' AS date) AS valid_to, p.value AS allocated
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
