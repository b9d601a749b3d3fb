"""Resolutions beside each other, all kinds of indicators, and one place all figures are read from (roll_up)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from servicekit.row_security import facts, run_as_house
from targets.seeds.resolution import read_seeds, resolution_id

revision = "0020"
down_revision = "0014"
branch_labels = None
depends_on = None

SERVICE = "targets"
EXACT = sa.Numeric(28, 10)
ID = UUID(as_uuid=True)
# Every figure is summed anew from the approved reports, never added to what stood there: two approvals of one period
# wait for each other at the lock, and the second sees the first.
ROLL_UP = """
CREATE FUNCTION roll_up_reports(of_period uuid, touched uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('roll_up:' || of_period, 0));
  WITH period AS (
    SELECT p.id, p.indicator_id, p.code, p.kind AS period_kind, p.last_day, i.kind
      FROM reporting_period p JOIN indicator i ON i.id = p.indicator_id WHERE p.id = of_period
  ), unit AS (
    SELECT e.organisation_id, array_append(o.path, NULL) AS steps, CAST(o.data ->> 'unit_id' AS uuid) AS unit_id,
           r.id IS NOT NULL AS counted, r.counting_method,
           r.numerator,
           CASE WHEN p.kind IN ('ratio', 'count') THEN r.denominator
                WHEN r.id IS NOT NULL THEN 1 END AS denominator,
           CASE WHEN p.kind = 'rating' AND r.id IS NOT NULL
                THEN jsonb_build_object('grade.' || CAST(trunc(r.numerator) AS int), 1)
                ELSE coalesce(r.breakdown, '{}') END AS breakdown,
           (SELECT c.persons FROM population c
             WHERE c.unit_id = CAST(o.data ->> 'unit_id' AS uuid) AND c.counted_on <= p.last_day
             ORDER BY c.counted_on DESC LIMIT 1) AS persons
      FROM period p
      JOIN expected_report e ON e.period_id = p.id
      JOIN reference o ON o.kind = 'organisation' AND o.id = e.organisation_id
      LEFT JOIN report r ON r.period_id = p.id AND r.organisation_id = e.organisation_id AND r.status = 'approved'
  ), place AS (
    SELECT DISTINCT step FROM unit, unnest(steps) AS step WHERE touched IS NULL OR organisation_id = ANY (touched)
  ), spread AS (
    SELECT place.step, unit.* FROM unit, unnest(steps) AS above
      JOIN place ON place.step IS NOT DISTINCT FROM above
  ), people AS (
    SELECT step, CASE WHEN bool_and(persons IS NOT NULL) THEN sum(persons) END AS expected,
           CASE WHEN bool_and(persons IS NOT NULL)
                THEN coalesce(sum(persons) FILTER (WHERE counted), 0) END AS counted
      FROM (SELECT step, unit_id, max(persons) AS persons, bool_or(counted) AS counted
              FROM spread GROUP BY step, unit_id) units
     GROUP BY step
  ), part AS (
    SELECT step, jsonb_object_agg(key, total) AS breakdown
      FROM (SELECT step, key, CAST(trim_scale(sum(CAST(value AS numeric))) AS text) AS total
              FROM spread, jsonb_each_text(breakdown) WHERE counted GROUP BY step, key) categories
     GROUP BY step
  ), total AS (
    SELECT step, sum(numerator) AS numerator, sum(denominator) AS denominator,
           count(*) FILTER (WHERE counted) AS counted, count(*) AS expected,
           coalesce(array_agg(DISTINCT counting_method ORDER BY counting_method) FILTER (WHERE counted), '{}')
             AS methods
      FROM spread GROUP BY step
  )
  INSERT INTO roll_up AS stored (indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,
         breakdown, methods, counted, expected, population_counted, population_expected, told, computed_at)
  SELECT p.indicator_id, p.code, p.period_kind, p.last_day, t.step, t.numerator, t.denominator,
         coalesce(b.breakdown, '{}'), t.methods, t.counted, t.expected, h.counted, h.expected, 1, at
    FROM period p, total t
    JOIN people h ON h.step IS NOT DISTINCT FROM t.step
    LEFT JOIN part b ON b.step IS NOT DISTINCT FROM t.step
   ORDER BY t.step
  ON CONFLICT ON CONSTRAINT uq_roll_up_place DO UPDATE
     SET numerator = excluded.numerator, denominator = excluded.denominator, breakdown = excluded.breakdown,
         methods = excluded.methods, counted = excluded.counted, expected = excluded.expected,
         population_counted = excluded.population_counted, population_expected = excluded.population_expected,
         told = stored.told + 1, computed_at = excluded.computed_at
   WHERE (stored.numerator, stored.denominator, stored.breakdown, stored.methods, stored.counted, stored.expected,
          stored.population_counted, stored.population_expected)
         IS DISTINCT FROM
         (excluded.numerator, excluded.denominator, excluded.breakdown, excluded.methods, excluded.counted,
          excluded.expected, excluded.population_counted, excluded.population_expected);
END
$$
"""
COUNTS = """
CREATE FUNCTION count_reports(of_period uuid, below uuid DEFAULT NULL) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(status, number)
    FROM (SELECT r.status, count(*) AS number FROM report r
           WHERE r.period_id = of_period AND (below IS NULL OR EXISTS (
             SELECT FROM reference o WHERE o.kind = 'organisation' AND o.id = r.organisation_id
                AND o.path @> ARRAY[below]))
           GROUP BY r.status) counted
$$
"""


def upgrade() -> None:
    _resolutions()
    _indicators()
    _figures()
    _functions()
    _fill()


def _resolutions() -> None:
    table = op.create_table(
        "resolution",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("issued_by", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_resolution_dates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
        sa.UniqueConstraint("number", name=op.f("uq_resolution_number")),
    )
    instrument = read_seeds()["instrument"]
    row = {name: instrument[name] for name in ("number", "title", "issued_on", "issued_by")}
    op.bulk_insert(
        table, [row | {"id": resolution_id(row["number"]), "valid_from": row["issued_on"], "valid_to": None}]
    )
    facts(op, SERVICE, "resolution")


def _indicators() -> None:
    for column in (
        sa.Column("resolution_id", ID, sa.ForeignKey("resolution.id", name=op.f("fk_indicator_resolution_id"))),
        sa.Column("section", sa.Text),
        sa.Column("position", sa.Integer),
        sa.Column("reporting_kinds", ARRAY(sa.Text)),
        sa.Column("formula", JSONB),
        sa.Column("time_aggregation", sa.Text, nullable=False, server_default="sum"),
        sa.Column("lower_bound", EXACT),
        sa.Column("upper_bound", EXACT),
        sa.Column("evidence_required", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("definition_vi", sa.Text),
        sa.Column("definition_en", sa.Text),
        sa.Column("editor_note_vi", sa.Text),
        sa.Column("editor_note_en", sa.Text),
        sa.Column("responsible_now_vi", sa.Text),
        sa.Column("responsible_kinds", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("breakdowns", JSONB, nullable=False, server_default=sa.text("'[]'")),
    ):
        op.add_column("indicator", column)
    op.execute(
        "UPDATE indicator SET resolution_id = (SELECT id FROM resolution WHERE number = instrument),"
        " section = CASE WHEN code LIKE 'GEN-%' THEN 'general_goal' ELSE 'target' END,"
        " position = ascii(right(code, 1)), reporting_kinds = ARRAY[period_kind],"
        " time_aggregation = CASE kind WHEN 'count' THEN 'sum' ELSE 'last' END"
    )
    for name in ("resolution_id", "section", "position", "reporting_kinds"):
        op.alter_column("indicator", name, nullable=False)
    for name, condition in (
        ("kind", "kind IN ('ratio', 'count', 'yes_no', 'milestone', 'rating')"),
        ("source", "source IN ('reports', 'feedback_events', 'oversight_events', 'formula')"),
    ):
        op.drop_constraint(op.f(f"ck_indicator_{name}"), "indicator", type_="check")
        op.create_check_constraint(op.f(f"ck_indicator_{name}"), "indicator", condition)
    for name, condition in (
        ("section", "section IN ('target', 'general_goal', 'goal', 'task', 'duty')"),
        ("time_aggregation", "time_aggregation IN ('sum', 'last')"),
    ):
        op.create_check_constraint(op.f(f"ck_indicator_{name}"), "indicator", condition)
    op.add_column("target_version", sa.Column("baseline_value", EXACT))
    op.add_column("target_version", sa.Column("baseline_on", sa.Date))


def _figures() -> None:
    op.create_table(
        "population",
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("counted_on", sa.Date, nullable=False),
        sa.Column("persons", EXACT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.CheckConstraint("persons >= 0", name=op.f("ck_population_persons")),
        sa.PrimaryKeyConstraint("unit_id", "counted_on", name=op.f("pk_population")),
    )
    facts(op, SERVICE, "population")
    op.create_table(
        "roll_up",
        sa.Column("id", ID, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column(
            "indicator_id", ID, sa.ForeignKey("indicator.id", name=op.f("fk_roll_up_indicator_id")), nullable=False
        ),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("period_kind", sa.Text, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("organisation_id", ID),
        sa.Column("numerator", EXACT),
        sa.Column("denominator", EXACT),
        sa.Column("breakdown", JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("methods", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("expected", sa.Integer, nullable=False),
        sa.Column("population_counted", EXACT),
        sa.Column("population_expected", EXACT),
        sa.Column("trace", JSONB),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("numerator >= 0 AND denominator >= 0", name=op.f("ck_roll_up_figures")),
        sa.CheckConstraint("counted >= 0 AND expected >= counted", name=op.f("ck_roll_up_coverage")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_up")),
        sa.UniqueConstraint(
            "indicator_id",
            "period",
            "organisation_id",
            name="uq_roll_up_place",
            postgresql_nulls_not_distinct=True,
        ),
    )
    facts(op, SERVICE, "roll_up")


def _functions() -> None:
    # The owner may not even plan a query over rows that policies hide; the house, which runs these, may.
    op.execute("SET LOCAL check_function_bodies = off")
    op.execute("DROP FUNCTION reported_totals(uuid, text, uuid)")
    op.execute("DROP FUNCTION count_reports(uuid)")
    for text, signature in (
        (COUNTS, "count_reports(uuid, uuid)"),
        (ROLL_UP, "roll_up_reports(uuid, uuid[], timestamptz)"),
    ):
        op.execute(text)
        run_as_house(op, SERVICE, signature)


def _fill() -> None:
    """Bring over what was computed and what was approved; the whole is the sum of the roots of the tree."""
    op.execute(f"SET LOCAL ROLE {SERVICE}_house")
    op.execute("SET LOCAL row_security = on")
    op.execute(
        "INSERT INTO roll_up (id, indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,"
        " counted, expected, told, computed_at)"
        " SELECT id, indicator_id, period, 'year', make_date(CAST(period AS int), 12, 31), organisation_id, numerator,"
        " denominator, denominator, denominator + running, told, computed_at FROM computed_value"
    )
    op.execute(
        "INSERT INTO roll_up (indicator_id, period, period_kind, last_day, numerator, denominator, counted, expected,"
        " told, computed_at)"
        " SELECT v.indicator_id, v.period, v.period_kind, v.last_day, sum(v.numerator), sum(v.denominator),"
        " sum(v.counted), sum(v.expected), 1, max(v.computed_at) FROM roll_up v JOIN reference o"
        " ON o.kind = 'organisation' AND o.id = v.organisation_id AND cardinality(o.path) = 1 GROUP BY 1, 2, 3, 4"
    )
    op.execute("SELECT roll_up_reports(id, NULL, opened_at) FROM reporting_period ORDER BY id")
    op.execute("SET LOCAL row_security = off")
    op.execute("RESET ROLE")
    op.drop_table("computed_value")
