"""Formulas with versions and what they compute, targets handed down to units, population entered by the board."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from servicekit.row_security import protect, run_as_house

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SERVICE = "targets"
EXACT = sa.Numeric(28, 10)
ID = UUID(as_uuid=True)
INSTANT = sa.DateTime(timezone=True)
# Boards of the former districts are in the registry too; only the city's counts.
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
# Requests write figures in this way alone, and only those of indicators that are computed by a formula.
STORE = """
CREATE FUNCTION store_roll_up(computed jsonb, at timestamptz) RETURNS SETOF roll_up LANGUAGE sql AS $$
  INSERT INTO roll_up AS stored (indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,
         methods, counted, expected, population_counted, population_expected, trace, told, computed_at)
  SELECT c.indicator_id, c.period, c.period_kind, c.last_day, c.organisation_id, c.numerator, c.denominator,
         c.methods, c.counted, c.expected, c.population_counted, c.population_expected, c.trace, 1, at
    FROM jsonb_to_recordset(computed) AS c (indicator_id uuid, period text, period_kind text, last_day date,
         organisation_id uuid, numerator numeric, denominator numeric, methods text[], counted int, expected int,
         population_counted numeric, population_expected numeric, trace jsonb)
    JOIN indicator i ON i.id = c.indicator_id AND i.source = 'formula'
   ORDER BY c.indicator_id, c.period, c.organisation_id
  ON CONFLICT ON CONSTRAINT uq_roll_up_place DO UPDATE
     SET numerator = excluded.numerator, denominator = excluded.denominator, breakdown = '{}',
         methods = excluded.methods, counted = excluded.counted, expected = excluded.expected,
         population_counted = excluded.population_counted, population_expected = excluded.population_expected,
         trace = excluded.trace, told = stored.told + 1, computed_at = excluded.computed_at
   WHERE (stored.numerator, stored.denominator, stored.breakdown, stored.methods, stored.counted, stored.expected,
          stored.population_counted, stored.population_expected, stored.trace)
         IS DISTINCT FROM
         (excluded.numerator, excluded.denominator, '{}'::jsonb, excluded.methods, excluded.counted,
          excluded.expected, excluded.population_counted, excluded.population_expected, excluded.trace)
  RETURNING stored.*
$$
"""
NEWEST = """
CREATE FUNCTION newest_formula() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE indicator
     SET formula = jsonb_build_object('numerator', NEW.numerator, 'denominator', NEW.denominator)
   WHERE id = NEW.indicator_id;
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    _formulas()
    _allocations()
    _population()
    op.add_column("target_version", sa.Column("minimum_population", EXACT))
    op.execute("SET LOCAL check_function_bodies = off")
    for text, signature in ((STORE, "store_roll_up(jsonb, timestamptz)"), (NEWEST, "newest_formula()")):
        op.execute(text)
        run_as_house(op, SERVICE, signature)
    op.execute(
        "CREATE TRIGGER newest_formula AFTER INSERT ON formula_version FOR EACH ROW EXECUTE FUNCTION newest_formula()"
    )


def _formulas() -> None:
    op.create_table(
        "formula_version",
        sa.Column(
            "indicator_id",
            ID,
            sa.ForeignKey("indicator.id", name=op.f("fk_formula_version_indicator_id")),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("numerator", sa.Text, nullable=False),
        sa.Column("denominator", sa.Text),
        sa.Column("applies_from", sa.Date, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("set_by", ID),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_formula_version_number")),
        sa.PrimaryKeyConstraint("indicator_id", "number", name=op.f("pk_formula_version")),
    )
    protect(op, SERVICE, "formula_version", see="true", add=ON_THE_BOARD)


def _allocations() -> None:
    op.create_table(
        "allocation",
        sa.Column(
            "target_version_id",
            ID,
            sa.ForeignKey("target_version.id", name=op.f("fk_allocation_target_version_id")),
            nullable=False,
        ),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("set_by", ID, nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.CheckConstraint("method IN ('sum', 'by_population', 'by_denominator')", name=op.f("ck_allocation_method")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_allocation_version")),
        sa.PrimaryKeyConstraint("target_version_id", "version", name=op.f("pk_allocation")),
    )
    op.create_table(
        "allocated_target",
        sa.Column("target_version_id", ID, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("value", EXACT, nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_allocated_target_value")),
        sa.ForeignKeyConstraint(
            ["target_version_id", "version"],
            ["allocation.target_version_id", "allocation.version"],
            name=op.f("fk_allocated_target_allocation"),
        ),
        sa.PrimaryKeyConstraint("target_version_id", "version", "organisation_id", name=op.f("pk_allocated_target")),
    )
    for name in ("allocation", "allocated_target"):
        protect(op, SERVICE, name, see="true", add=ON_THE_BOARD)


def _population() -> None:
    op.add_column("population", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.execute(f'GRANT INSERT, UPDATE ON population TO "{SERVICE}"')
    protect(op, SERVICE, "population", see="true", add=ON_THE_BOARD, change=ON_THE_BOARD)
