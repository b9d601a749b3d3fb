"""Reads of what an indicator made from events is judged by at each of several organisations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from targets.domain.periods import Period
from targets.domain.progress import Asked, expected_by_period, stands_for_all
from targets.queries.judging import Known, asked_about, target_on

# The newest version of an allocation counts; who is left out of it has nothing handed down any more.
_RULES = text(
    """
    SELECT i.id AS of_indicator, i.kind, i.time_aggregation, i.period_kind, i.reporting_kinds, t.*,
           ARRAY(SELECT o.id FROM reference o
                  WHERE o.kind = 'organisation' AND o.id = ANY (:places) AND cardinality(o.path) = 1) AS tops,
           (SELECT jsonb_object_agg(a.organisation_id, CAST(a.value AS text)) FROM allocated_target a
             WHERE a.target_version_id = t.id AND a.organisation_id = ANY (:places)
               AND a.version = (SELECT max(n.version) FROM allocation n WHERE n.target_version_id = t.id)) AS allocated
      FROM indicator i LEFT JOIN target_version t ON t.indicator_id = i.id
     WHERE i.id = ANY (:indicators)
     ORDER BY t.number
    """
).bindparams(bindparam("indicators", type_=ARRAY(Uuid())), bindparam("places", type_=ARRAY(Uuid())))


@dataclass(slots=True)
class Rules:
    """What one indicator is judged by: every version of its target, each with what was handed down."""

    indicator: Row[Any]
    versions: list[Row[Any]] = field(default_factory=list)

    def asked(self, period: Period, place: UUID, own: Known, whole: Known) -> Asked:
        """Return by which rule an organisation is judged in a period; `whole` is what is known of all."""
        depth = 1 if place in self.indicator.tops else None
        target = target_on(self.versions, period.last_day)
        part = None if target is None or target.allocated is None else target.allocated.get(str(place))
        return asked_about(
            self.indicator,
            self.versions,
            period,
            is_whole=stands_for_all(depth, own, expected_by_period(whole), period, self.indicator.time_aggregation),
            allocated=None if part is None else Decimal(part),
        )


async def find_rules(session: AsyncSession, indicator_ids: Sequence[UUID], places: Sequence[UUID]) -> dict[UUID, Rules]:
    """Return what these indicators are judged by at these organisations (one statement)."""
    found: dict[UUID, Rules] = {}
    given = {"indicators": list(indicator_ids), "places": list(places)}
    for row in (await session.execute(_RULES, given)).all():
        rules = found.setdefault(row.of_indicator, Rules(row))
        if row.number is not None:
            rules.versions.append(row)
    return found
