"""Rows of a file on their way into reports: a table of this transaction's own, and the statements over it.

    COPY ──► import_line ──► what each row does (import, update, ignore, delete, or a conflict) ──► report, its history

Each step is one statement, however many rows there are. Row-level security stands over `report` and `report_change`
as over every request: what is staged may hold anything, what is written may not. `import_line` itself has none, for
COPY refuses it; it needs none, for its rows are gone before the transaction ends, and no other ever sees them.
"""

import json
from collections.abc import AsyncIterable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import copy_in, fetch
from servicekit.identity import Actor
from targets.domain.entering import UNCONFIGURED_METHOD
from targets.domain.import_lines import Placed
from targets.domain.import_refusals import ImportOvertaken, ReportInUse
from targets.domain.importing import DELETE, IMPORT, UPDATE, Strategy
from targets.domain.report_steps import STEPS
from targets.domain.reports import breakdown_text

SECONDS: Final = 50.0
"""How long one statement over a whole file may take: under the gateway's 60 s for an import."""
REVISABLE: Final = sorted({step.source for step in STEPS if step.action == "revise"})
_BEGIN: Final = f"SET LOCAL statement_timeout = {int(SECONDS * 1000)}"
_COLUMNS: Final = (
    "line",
    "period_id",
    "organisation_id",
    "numerator",
    "denominator",
    "breakdown",
    "counting_method",
    "usual_method",
    "denominator_source",
    "note",
    "action",
)
_CLEAR: Final = "DELETE FROM import_line"
_FORGET: Final = "DELETE FROM import_line WHERE line = ANY ($1::int[])"
_DECIDE: Final = """
UPDATE import_line l SET report_id = r.id, version = r.version, action = CASE
    WHEN $1 = 'DELETE' THEN CASE WHEN r.status = 'draft' AND r.told = 0 THEN 'delete' ELSE 'already_submitted' END
    WHEN l.numerator = r.numerator AND l.denominator IS NOT DISTINCT FROM r.denominator
         AND (l.breakdown IS NULL OR l.breakdown = r.breakdown)
         AND (l.counting_method IS NULL OR l.counting_method = r.counting_method)
         AND (l.denominator_source IS NULL OR l.denominator_source IS NOT DISTINCT FROM r.denominator_source)
         AND (l.note IS NULL OR l.note IS NOT DISTINCT FROM r.note) THEN 'ignore'
    WHEN $1 = 'CREATE' THEN 'ignore'
    WHEN NOT r.status = ANY ($2::text[]) THEN 'already_submitted'
    WHEN l.breakdown IS NULL AND r.breakdown <> '{}' AND l.numerator <> r.numerator THEN 'breakdown_needed'
    ELSE 'update' END
  FROM report r WHERE r.period_id = l.period_id AND r.organisation_id = l.organisation_id"""
_COUNT: Final = """
SELECT action, count(*) AS number, count(*) FILTER (WHERE warnings <> '[]') AS warned
  FROM import_line GROUP BY action"""
_CONFLICTS: Final = """
SELECT line, action FROM import_line WHERE action = ANY ($1::text[]) ORDER BY line LIMIT $2"""
_WARN: Final = """
UPDATE import_line l SET warnings = w.warnings FROM unnest($1::int[], $2::jsonb[]) AS w (line, warnings)
 WHERE l.line = w.line"""


def _values(of: str) -> str:
    """Return what the history keeps of a report, as `ReportFacts.values` says it."""
    return f"""jsonb_build_object(
    'numerator', CAST(trim_scale({of}.numerator) AS text), 'denominator', CAST(trim_scale({of}.denominator) AS text),
    'breakdown', {of}.breakdown, 'counting_method', {of}.counting_method,
    'denominator_source', {of}.denominator_source, 'note', {of}.note)"""


_ENTER: Final = """
INSERT INTO report (id, period_id, organisation_id, status, version, told, numerator, denominator, breakdown,
       counting_method, denominator_source, note, warnings, entered_by, created_at, changed_at)
SELECT report_id, period_id, organisation_id, 'draft', 1, 0, numerator, denominator, coalesce(breakdown, '{}'),
       coalesce(counting_method, usual_method), denominator_source, note, warnings, $1::uuid, $2::timestamptz,
       $2::timestamptz
  FROM import_line WHERE action = 'import' ORDER BY line"""
# Of a first entry everything given is new, which needs no comparing: a third of the time of the statement below.
_ENTERED: Final = """
INSERT INTO report_change (report_id, version, at, actor_kind, actor_id, action, status_before, status_after,
       values_before, values_after, reason, import_id)
SELECT report_id, 1, $2::timestamptz, $3, $1::uuid, 'enter', NULL, 'draft',
       '{"numerator": null, "breakdown": null, "counting_method": null}'::jsonb
         || CASE WHEN denominator IS NULL THEN '{}' ELSE '{"denominator": null}'::jsonb END
         || CASE WHEN denominator_source IS NULL THEN '{}' ELSE '{"denominator_source": null}'::jsonb END
         || CASE WHEN note IS NULL THEN '{}' ELSE '{"note": null}'::jsonb END,
       jsonb_strip_nulls(jsonb_build_object(
         'numerator', CAST(trim_scale(numerator) AS text), 'denominator', CAST(trim_scale(denominator) AS text),
         'breakdown', coalesce(breakdown, '{}'), 'counting_method', coalesce(counting_method, usual_method),
         'denominator_source', denominator_source, 'note', note)),
       NULL, $4::uuid
  FROM import_line WHERE action = 'import'"""
_HISTORY: Final = f"""
INSERT INTO report_change (report_id, version, at, actor_kind, actor_id, action, status_before, status_after,
       values_before, values_after, reason, import_id)
SELECT change.report_id, change.version, $2::timestamptz, $3, $1::uuid, change.verb, change.status, change.becomes,
       coalesce(d.old, '{{}}'), coalesce(d.new, '{{}}'), NULL, $4::uuid
  FROM (
    SELECT l.report_id, r.version + 1 AS version, r.status, {_values("r")} AS old,
           CASE l.action WHEN 'update' THEN 'revise' ELSE 'delete' END AS verb,
           CASE l.action WHEN 'update' THEN 'draft' ELSE 'deleted' END AS becomes,
           CASE l.action WHEN 'update' THEN {_values("after")} ELSE '{{}}' END AS new
      FROM import_line l JOIN report r ON r.id = l.report_id
     CROSS JOIN LATERAL (
       SELECT l.numerator, l.denominator, coalesce(l.breakdown, r.breakdown) AS breakdown,
              coalesce(l.counting_method, r.counting_method) AS counting_method,
              coalesce(l.denominator_source, r.denominator_source) AS denominator_source,
              coalesce(l.note, r.note) AS note) AS after
     WHERE l.action IN ('update', 'delete')) AS change
 CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(key, coalesce(change.old -> key, 'null')) AS old,
           jsonb_object_agg(key, coalesce(change.new -> key, 'null')) AS new
      FROM jsonb_object_keys(CASE change.verb WHEN 'delete' THEN change.old ELSE change.new END) AS key
     WHERE coalesce(change.old -> key, 'null') <> coalesce(change.new -> key, 'null')) AS d"""  # noqa: S608 (no input is in it)
_REVISE: Final = """
WITH revised AS (
  UPDATE report r SET status = 'draft', version = r.version + 1, numerator = l.numerator, denominator = l.denominator,
         breakdown = coalesce(l.breakdown, r.breakdown),
         counting_method = coalesce(l.counting_method, r.counting_method),
         denominator_source = coalesce(l.denominator_source, r.denominator_source), note = coalesce(l.note, r.note),
         warnings = l.warnings, entered_by = $1::uuid, changed_at = $2::timestamptz
    FROM import_line l WHERE l.action = 'update' AND r.id = l.report_id AND r.version = l.version RETURNING 1)
SELECT count(*) FROM revised"""
_DELETE: Final = """
WITH deleted AS (
  DELETE FROM report r USING import_line l WHERE l.action = 'delete' AND r.id = l.report_id AND r.version = l.version
  RETURNING 1)
SELECT count(*) FROM deleted"""

CONFLICTS: Final = ("already_submitted", "breakdown_needed")


@dataclass(frozen=True, slots=True)
class Decided:
    """What the staged rows would do, by action, and the lines that conflict with what is stored."""

    counts: dict[str, int]
    warnings: int
    """Rows that would be stored with a warning."""
    conflicts: list[tuple[int, str]]


async def stage(session: AsyncSession, rows: AsyncIterable[Sequence[Any]]) -> None:
    """Stage records (see `record`)."""
    await fetch(session, _BEGIN)
    await copy_in(session, "import_line", _COLUMNS, rows, seconds=SECONDS)


def record(placed: Placed, strategy: Strategy) -> tuple[Any, ...]:
    """Return a row as it is staged."""
    line, period = placed.line, placed.period
    figures = line.figures
    breakdown = json.dumps(breakdown_text(figures.breakdown)) if figures and line.has_breakdown else None
    return (
        line.number,
        period.id,
        placed.organisation.id,
        None if figures is None else figures.numerator,
        None if figures is None else figures.denominator,
        breakdown,
        line.counting_method,
        period.counting_method or UNCONFIGURED_METHOD,
        line.denominator_source,
        line.note,
        strategy.of_new,
    )


async def warn(session: AsyncSession, warnings: Mapping[int, str]) -> None:
    """Put beside staged rows, by line, what validation rules warned of."""
    await fetch(session, _WARN, list(warnings), list(warnings.values()), seconds=SECONDS)


async def decide(
    session: AsyncSession, strategy: Strategy, *, without: Collection[int], most_conflicts: int
) -> Decided:
    """Say what each row does beside what is stored; the lines `without` are out."""
    await fetch(session, _FORGET, sorted(without), seconds=SECONDS)
    await fetch(session, _DECIDE, strategy.value, REVISABLE, seconds=SECONDS)
    counted = await fetch(session, _COUNT, seconds=SECONDS)
    counts = {row["action"]: row["number"] for row in counted}
    warned = sum(row["warned"] for row in counted if row["action"] in (IMPORT, UPDATE))
    found = await fetch(session, _CONFLICTS, list(CONFLICTS), most_conflicts, seconds=SECONDS)
    return Decided(counts, warned, [(row["line"], row["action"]) for row in found])


async def write_staged(session: AsyncSession, decided: Decided, import_id: UUID, actor: Actor, now: datetime) -> None:
    """Enter, revise and delete what was decided, each with its line of history.

    Raises ImportOvertaken, and ReportInUse when something hangs on a draft that was to go.
    """
    await fetch(session, _ENTER, actor.id, now, seconds=SECONDS)
    who = (actor.id, now, actor.kind, import_id)
    await fetch(session, _ENTERED, *who, seconds=SECONDS)
    # Before the change, for the history tells what was.
    await fetch(session, _HISTORY, *who, seconds=SECONDS)
    for statement, action, arguments in ((_REVISE, UPDATE, (actor.id, now)), (_DELETE, DELETE, ())):
        try:
            done = await fetch(session, statement, *arguments, seconds=SECONDS)
        except asyncpg.ForeignKeyViolationError as error:
            raise ReportInUse from error
        if done[0]["count"] != decided.counts.get(action, 0):
            raise ImportOvertaken


async def clear(session: AsyncSession) -> None:
    """Take the staged rows away again, whatever became of them."""
    await fetch(session, _CLEAR, seconds=SECONDS)
