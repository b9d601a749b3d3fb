"""Row-level security: reports for their organisation, those above it, and the monitoring board; sums for everybody."""

from alembic import op

from servicekit.row_security import facts, open_house, protect, run_as_house, within

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

SERVICE = "targets"
# Boards of the former districts are in the registry too; only the city's counts.
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
SEEN = f"{within('organisation_id', 'readers')} OR {ON_THE_BOARD}"
OF_A_VISIBLE_ONE = "EXISTS (SELECT FROM report seen WHERE seen.id = report_id)"
COUNTS = """
CREATE FUNCTION count_reports(of_period uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(status, number)
    FROM (SELECT status, count(*) AS number FROM report WHERE period_id = of_period GROUP BY status) counted
$$
"""
# PostgreSQL adds NUMERIC exactly.
SUMS = """
CREATE FUNCTION reported_totals(of_indicator uuid, of_period text, below uuid) RETURNS TABLE (
  period_status text, expected bigint, approved bigint, numerator numeric, denominator numeric, methods text[],
  by_status jsonb, breakdown jsonb) LANGUAGE sql STABLE AS $$
    WITH period AS (
      SELECT id, status FROM reporting_period WHERE indicator_id = of_indicator AND code = of_period
    ), expected AS (
      SELECT e.organisation_id FROM expected_report e JOIN period p ON p.id = e.period_id
       WHERE below IS NULL OR EXISTS (
         SELECT 1 FROM reference o WHERE o.kind = 'organisation' AND o.id = e.organisation_id
            AND o.path @> ARRAY[below])
    ), given AS (
      SELECT r.* FROM report r JOIN period p ON p.id = r.period_id JOIN expected e USING (organisation_id)
    ), approved AS (
      SELECT * FROM given WHERE status = 'approved'
    )
    SELECT (SELECT status FROM period) AS period_status,
           (SELECT count(*) FROM expected) AS expected,
           (SELECT count(*) FROM approved) AS approved,
           (SELECT sum(numerator) FROM approved) AS numerator,
           (SELECT sum(denominator) FROM approved) AS denominator,
           (SELECT array_agg(DISTINCT counting_method ORDER BY counting_method) FROM approved) AS methods,
           (SELECT jsonb_object_agg(status, number) FROM
             (SELECT status, count(*) AS number FROM given GROUP BY status) s) AS by_status,
           (SELECT jsonb_object_agg(key, total) FROM
             (SELECT key, CAST(sum(CAST(value AS numeric)) AS text) AS total
                FROM approved, jsonb_each_text(breakdown) GROUP BY key) b) AS breakdown
$$
"""


def upgrade() -> None:
    open_house(op, SERVICE)
    for text, signature in ((COUNTS, "count_reports(uuid)"), (SUMS, "reported_totals(uuid, text, uuid)")):
        op.execute(text)
        run_as_house(op, SERVICE, signature)
    protect(op, SERVICE, "report", see=SEEN, add=SEEN, change=SEEN)
    protect(op, SERVICE, "report_change", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE)
    for name in ("indicator", "target_version", "computed_value", "deadline_change"):
        facts(op, SERVICE, name)
    for name in ("feedback_clock", "recount_mark"):
        op.execute(f'REVOKE ALL ON {name} FROM "targets"')
