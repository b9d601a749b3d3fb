"""Fills a stack's targets database with approved values, set by set in SQL; for the measurements only.

162 indicators of a resolution that does not exist, a third each by month, by quarter and by year, reported by the
registry's own Front committees: the 263 former ones until 30 June 2025 and their 103 successors after it (the registry
knows the former ones from 2025 on; here they stand for the years before as well). What a request would have written
one by one is there: periods, who owed a report, approved reports, and the sums of every organisation on the way up and
of the whole, held against the service's own way of summing.
"""

import time
from dataclasses import dataclass
from datetime import date

import asyncpg

from devstack.databases import with_database
from devstack.stack import Stack

RESOLUTION = "BENCH/2M"
MONTHLY, QUARTERLY, YEARLY = "BM-001", "BM-002", "BM-003"
"""One indicator of each kind; the others follow in turns."""
PERIOD = "2026Q3"
"""What the dashboard is asked for: months and a quarter of the present units, and a year before it."""


@dataclass(frozen=True)
class Span:
    """From which day on there are values, by kind of period, and until when; both are last days of periods."""

    month: date
    quarter: date
    year: date
    until: date


SMALL = Span(date(2026, 9, 30), date(2026, 9, 30), date(2025, 12, 31), date(2026, 10, 31))
LARGE = Span(date(2016, 11, 30), date(2016, 12, 31), date(2016, 12, 31), date(2026, 10, 31))

_CATALOGUE = """
INSERT INTO resolution (id, number, title, issued_on, issued_by, valid_from)
VALUES (CAST(md5('BENCH/2M') AS uuid), 'BENCH/2M', 'Nghị quyết để đo', '2016-01-01', 'Phép đo', '2016-01-01')
ON CONFLICT DO NOTHING;
INSERT INTO indicator (id, code, name_vi, name_en, instrument, issued_on, clause, quote, kind, unit, direction,
       whole_numbers, numerator_vi, numerator_en, denominator_vi, denominator_en, responsible_vi, source, period_kind,
       reporter_kinds, reporter_level, categories, open_questions, resolution_id, section, position, reporting_kinds,
       time_aggregation)
SELECT CAST(md5('BM-' || n) AS uuid), 'BM-' || lpad(CAST(n AS text), 3, '0'),
       'Tỷ lệ hộ gia đình đạt tiêu chí số ' || n || ' của nghị quyết để đo', 'Share of households that meet rule ' || n,
       'BENCH/2M', '2016-01-01', 'II.2.' || n, 'Phấn đấu đạt trên 60% vào cuối kỳ.', 'ratio', 'percent', 'higher', true,
       'Số hộ đạt', 'Households that do', 'Tổng số hộ', 'All households', 'Ủy ban Mặt trận Tổ quốc', 'reports', k.kind,
       '{front_committee}', 'commune', '{}', '[]', CAST(md5('BENCH/2M') AS uuid),
       (ARRAY['target', 'goal', 'task'])[1 + n % 3], n, ARRAY[k.kind], 'last'
  FROM generate_series(1, 162) AS n, LATERAL (SELECT (ARRAY['year', 'month', 'quarter'])[1 + n % 3] AS kind) k
ON CONFLICT DO NOTHING;
INSERT INTO target_version (id, indicator_id, number, comparator, value, valid_from, aggregation_scope, counting_method,
       minimum_coverage, decision, decided_on)
SELECT CAST(md5('target' || i.code) AS uuid), i.id, 1, '>', 60, '2016-01-01', 'city', 'as_reported', 90, 'BENCH/2M',
       '2016-01-01'
  FROM indicator i WHERE i.instrument = 'BENCH/2M'
ON CONFLICT DO NOTHING
"""
_PERIODS = """
WITH span (kind, step, first, until) AS (
  VALUES ('month', interval '1 month', CAST($1 AS date), CAST($4 AS date)),
         ('quarter', interval '3 months', CAST($2 AS date), CAST($4 AS date)),
         ('year', interval '1 year', CAST($3 AS date), CAST($4 AS date))
), period AS (
  SELECT s.kind, CAST(day AS date) AS first_day, CAST(day + s.step - interval '1 day' AS date) AS last_day,
         CASE s.kind WHEN 'month' THEN to_char(day, 'YYYYMM') WHEN 'quarter' THEN to_char(day, 'YYYY"Q"Q')
                     ELSE to_char(day, 'YYYY') END AS code
    FROM span s, generate_series(timestamp '2016-01-01', s.until, s.step) AS day
   WHERE CAST(day + s.step - interval '1 day' AS date) BETWEEN s.first AND s.until
)
INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told, due_on,
       due_provisional, rule_key, rule_version, opened_at, opened_by)
SELECT i.id, p.code, p.kind, p.first_day, p.last_day, 'closed', 1, 1, p.last_day + 14, false, 'IND.REPORT_DUE', 1,
       now(), CAST(md5('board') AS uuid)
  FROM indicator i JOIN period p ON p.kind = i.period_kind
 WHERE i.instrument = 'BENCH/2M'
 ORDER BY p.last_day, i.code
ON CONFLICT DO NOTHING
"""
_OF_EACH_UNIT = """
CREATE TEMP TABLE new_period AS
  SELECT p.* FROM reporting_period p JOIN indicator i ON i.id = p.indicator_id
   WHERE i.instrument = 'BENCH/2M' AND NOT EXISTS (SELECT FROM roll_up f WHERE f.indicator_id = i.id
                                                      AND f.period = p.code);
CREATE TEMP TABLE unit AS
  SELECT id, path, CAST(data ->> 'valid_to' AS date) AS last,
         CASE WHEN data ->> 'valid_to' IS NULL THEN CAST(data ->> 'valid_from' AS date) ELSE '-infinity' END AS first
    FROM reference WHERE kind = 'organisation' AND data ->> 'kind' = 'front_committee' AND data ->> 'level' = 'commune';
ANALYZE new_period; ANALYZE unit;
INSERT INTO expected_report (period_id, organisation_id)
SELECT p.id, u.id FROM new_period p JOIN unit u ON u.first <= p.last_day AND (u.last IS NULL OR u.last >= p.last_day)
 ORDER BY p.last_day, p.id;
INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator, breakdown,
       counting_method, entered_by, submitted_by, submitted_on, held_to, verified_by, approved_by, approved_on,
       created_at, changed_at)
SELECT p.id, e.organisation_id, 'approved', 4, 3, 500 + (hashtextextended(CAST(e AS text), 1) & 255), 1000, '{}',
       'as_reported', CAST(md5('reporter') AS uuid), CAST(md5('reporter') AS uuid), p.last_day + 5, p.last_day + 14,
       CAST(md5('verifier') AS uuid), CAST(md5('approver') AS uuid), p.last_day + 10, now(), now()
  FROM new_period p JOIN expected_report e ON e.period_id = p.id
 ORDER BY p.last_day, p.id;
INSERT INTO roll_up (indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator, methods,
       counted, expected, told, computed_at)
SELECT p.indicator_id, p.code, p.kind, p.last_day, above, sum(r.numerator), sum(r.denominator), '{as_reported}',
       count(*), count(*), 1, now()
  FROM new_period p JOIN report r ON r.period_id = p.id JOIN unit u ON u.id = r.organisation_id,
       unnest(array_append(u.path, NULL)) AS above
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY p.last_day, p.indicator_id;
DROP TABLE new_period, unit;
ANALYZE expected_report; ANALYZE report; ANALYZE roll_up; ANALYZE reporting_period
"""
# Anything the sums disagree with, as the service itself makes them, would be written anew and told once more.
_AGREES = """
WITH chosen AS (
  SELECT p.id, p.indicator_id, p.code FROM reporting_period p JOIN indicator i ON i.id = p.indicator_id
   WHERE i.instrument = 'BENCH/2M' ORDER BY hashtextextended(CAST(p.id AS text), 7) LIMIT 20
), again AS MATERIALIZED (
  SELECT chosen.*, roll_up_reports(id, NULL, now()) FROM chosen
)
SELECT count(*) FROM again
"""
_TOLD_AGAIN = (
    "SELECT count(*) FROM roll_up f JOIN indicator i ON i.id = f.indicator_id"
    " WHERE i.instrument = 'BENCH/2M' AND f.told > 1"
)
_COUNT = (
    "SELECT count(*) FROM report r JOIN reporting_period p ON p.id = r.period_id JOIN indicator i"
    " ON i.id = p.indicator_id WHERE i.instrument = 'BENCH/2M'"
)


@dataclass(frozen=True)
class Filled:
    """How many approved values are stored now, and how long adding them took."""

    values: int
    seconds: float


async def fill(stack: Stack, span: Span) -> Filled:
    """Add the values of a span that are not there yet to a throwaway stack.

    Raises RuntimeError when the service's own summing disagrees with what was filled in.
    """
    connection = await asyncpg.connect(with_database(stack.admin_dsn, "targets"), command_timeout=1200)
    began = time.monotonic()
    try:
        # The rows refer to rows of the same statement's making, so nothing is checked a second time.
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await connection.execute("SET work_mem = '128MB'; SET jit = off")
        await connection.execute(_CATALOGUE)
        await connection.execute(_PERIODS, span.month, span.quarter, span.year, span.until)
        await connection.execute(_OF_EACH_UNIT)
        seconds = time.monotonic() - began
        await connection.fetchval(_AGREES)
        if wrong := await connection.fetchval(_TOLD_AGAIN):
            raise RuntimeError(f"{wrong} sums differ from those the service makes")
        await connection.execute("VACUUM (ANALYZE) roll_up")
        return Filled(int(await connection.fetchval(_COUNT)), round(seconds, 1))
    finally:
        await connection.close()
