"""What the rows of a file are held against, read in four statements however long the file is."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from servicekit.identity import Actor
from targets.domain.figures import FigureRule
from targets.domain.import_lines import Known, KnownOrganisation, KnownPeriod
from targets.domain.report_steps import ENTERING
from targets.domain.validity import Span

# Held open like the period of a single report: nobody closes it meanwhile.
_PERIODS: Final = """
SELECT i.code AS indicator, i.kind, i.whole_numbers, i.categories, p.id, p.code, p.status, p.last_day,
       (SELECT t.counting_method FROM target_version t WHERE t.indicator_id = i.id AND t.valid_from <= p.last_day
           AND (t.valid_to IS NULL OR t.valid_to >= p.last_day)) AS counting_method
  FROM unnest($1::text[], $2::text[]) AS given (indicator, period)
  JOIN indicator i ON i.code = given.indicator
  JOIN reporting_period p ON p.indicator_id = i.id AND p.code = given.period
 ORDER BY p.id
   FOR SHARE OF p"""
_SOURCES: Final = "SELECT code, source FROM indicator WHERE code = ANY ($1::text[])"
_ORGANISATIONS: Final = """
SELECT id, data ->> 'kind' AS kind, data ->> 'unit_code' AS unit_code,
       data ->> 'valid_from' AS valid_from, data ->> 'valid_to' AS valid_to,
       coalesce(CAST(data ->> 'start_known' AS boolean), true) AS start_known
  FROM reference WHERE kind = 'organisation' AND path && $1::uuid[]"""
_EXPECTED: Final = """
SELECT e.period_id, array_agg(e.organisation_id) AS organisations,
       array_agg(e.organisation_id) FILTER (WHERE EXISTS (
         SELECT FROM reopening o WHERE o.period_id = e.period_id AND o.organisation_id = e.organisation_id
            AND o.until_on >= $3)) AS reopened
  FROM expected_report e WHERE e.period_id = ANY ($1::uuid[]) AND e.organisation_id = ANY ($2::uuid[])
 GROUP BY e.period_id"""


async def find_known(session: AsyncSession, places: Iterable[tuple[str, str]], actor: Actor, *, today: date) -> Known:
    """Return what is known of these (indicator, period) and of the organisations the actor may enter for.

    The periods stay held open until the transaction ends.
    """
    given = sorted(set(places))
    codes, periods = [code for code, _ in given], [period for _, period in given]
    found = await fetch(session, _PERIODS, codes, periods)
    sources = {row["code"]: row["source"] for row in await fetch(session, _SOURCES, codes)}
    known = {(row["indicator"], row["code"]): _period(row) for row in found if sources[row["indicator"]] == "reports"}
    organisations: dict[UUID, KnownOrganisation] = {}
    of_units: dict[tuple[str, str], list[KnownOrganisation]] = defaultdict(list)
    for row in await fetch(session, _ORGANISATIONS, sorted(actor.organisations(*ENTERING))):
        one = organisations[row["id"]] = KnownOrganisation(row["id"], Span.of(dict(row)))
        of_units[(row["kind"], row["unit_code"])].append(one)
    owing = await fetch(session, _EXPECTED, [row["id"] for row in found], list(organisations), today)
    return Known(
        sources=sources,
        periods=known,
        organisations=organisations,
        of_units={unit: tuple(ones) for unit, ones in of_units.items()},
        expected={row["period_id"]: frozenset(row["organisations"]) for row in owing},
        reopened={row["period_id"]: frozenset(row["reopened"] or ()) for row in owing},
    )


def _period(row: Any) -> KnownPeriod:
    rule = FigureRule(row["kind"], row["whole_numbers"], tuple(row["categories"]))
    return KnownPeriod(row["id"], row["status"], row["last_day"], rule, row["counting_method"])
