"""Imports with their conflicts, validation rules, limits of outliers, and what a report was warned of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from servicekit.row_security import facts, protect, within
from targets.seeds.validation import outlier_rows, rule_rows

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

SERVICE = "targets"
EXACT = sa.Numeric(28, 10)
ID = UUID(as_uuid=True)
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
# Of all the organisations the importer could enter for: above one of several would not do.
AT_OR_ABOVE_ALL = (
    "NOT EXISTS (SELECT FROM unnest(organisation_ids) AS one (organisation_id)"
    f" WHERE NOT {within('one.organisation_id', 'readers')})"
)
OWN = "actor_id = ANY ((SELECT app_ids('actor'))::uuid[])"
OF_A_VISIBLE_ONE = "EXISTS (SELECT FROM data_import seen WHERE seen.id = import_id)"
SEEN = f"{within('organisation_id', 'readers')} OR {ON_THE_BOARD}"
# What was never submitted was told to nobody.
UNTOLD_DRAFT = f"status = 'draft' AND told = 0 AND ({SEEN})"


def upgrade() -> None:
    _imports()
    _stage()
    _rules()
    op.add_column("report", sa.Column("warnings", JSONB, nullable=False, server_default="[]"))
    # A draft deleted by an import leaves its history behind: that is append-only, without exception.
    op.drop_constraint("fk_report_change_report_id", "report_change", type_="foreignkey")
    # No foreign key: under row-level security not even the owner could check the lines that are there.
    op.add_column("report_change", sa.Column("import_id", ID))
    op.execute(f'CREATE POLICY remove ON report FOR DELETE TO "{SERVICE}" USING ({UNTOLD_DRAFT})')
    op.execute(f'GRANT DELETE ON report TO "{SERVICE}"')


def _imports() -> None:
    op.create_table(
        "data_import",
        sa.Column("id", ID, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("organisation_ids", ARRAY(ID), nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("header", ARRAY(sa.Text), nullable=False),
        sa.Column("strategy", sa.Text, nullable=False),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("atomic", "dry_run", "complete")),
        sa.Column("status", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("rows", "imported", "updated", "ignored", "deleted", "conflicts", "warnings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_import")),
        sa.CheckConstraint(
            "strategy IN ('CREATE_AND_UPDATE', 'CREATE', 'UPDATE', 'DELETE')", name=op.f("ck_data_import_strategy")
        ),
        sa.CheckConstraint("status IN ('success', 'warning', 'refused')", name=op.f("ck_data_import_status")),
        sa.CheckConstraint(
            "imported + updated + ignored + deleted + conflicts = rows", name=op.f("ck_data_import_counts")
        ),
        sa.CheckConstraint("array_length(organisation_ids, 1) > 0", name=op.f("ck_data_import_organisations")),
    )
    op.create_table(
        "import_conflict",
        sa.Column(
            "import_id", ID, sa.ForeignKey("data_import.id", name=op.f("fk_import_conflict_import_id")), nullable=False
        ),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("column_name", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("code", "vi", "en")),
        sa.Column("cells", JSONB),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_conflict")),
    )
    protect(op, SERVICE, "data_import", see=f"{AT_OR_ABOVE_ALL} OR {ON_THE_BOARD}", add=f"{OWN} AND {AT_OR_ABOVE_ALL}")
    protect(op, SERVICE, "import_conflict", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE)


def _stage() -> None:
    """Make the table through which the rows of a file go within one transaction; no row of it is ever committed."""
    op.execute("""
        CREATE UNLOGGED TABLE import_line (
          line int NOT NULL, period_id uuid NOT NULL, organisation_id uuid NOT NULL, numerator numeric,
          denominator numeric, breakdown jsonb, counting_method text, usual_method text NOT NULL,
          denominator_source text, note text, warnings jsonb NOT NULL DEFAULT '[]',
          report_id uuid NOT NULL DEFAULT uuidv7(), version int, action text NOT NULL)""")
    op.create_index("ix_import_line_line", "import_line", ["line"])


def _rules() -> None:
    fields = "IN ('numerator', 'denominator', 'rate')"
    rule = op.create_table(
        "validation_rule",
        sa.Column("id", ID, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("code", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name_vi", "name_en")),
        sa.Column(
            "left_indicator",
            sa.Text,
            sa.ForeignKey("indicator.code", name=op.f("fk_validation_rule_left_indicator")),
            nullable=False,
        ),
        sa.Column("left_field", sa.Text, nullable=False),
        sa.Column("left_factor", EXACT, nullable=False),
        sa.Column("left_before", sa.Boolean, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column(
            "right_indicator",
            sa.Text,
            sa.ForeignKey("indicator.code", name=op.f("fk_validation_rule_right_indicator")),
        ),
        sa.Column("right_field", sa.Text),
        sa.Column("right_factor", EXACT),
        sa.Column("right_before", sa.Boolean),
        sa.Column("right_constant", EXACT),
        sa.Column("importance", sa.Text, nullable=False),
        sa.Column("period_kinds", ARRAY(sa.Text), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("text_vi", "text_en", "source", "confidence")),
        sa.Column("active_from", sa.Date, nullable=False),
        sa.Column("active_to", sa.Date),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_validation_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_validation_rule_code")),
        sa.CheckConstraint("operator IN ('<=', '<', '=', '>', '>=')", name=op.f("ck_validation_rule_operator")),
        sa.CheckConstraint("importance IN ('error', 'warning')", name=op.f("ck_validation_rule_importance")),
        sa.CheckConstraint(f"left_field {fields} AND right_field {fields}", name=op.f("ck_validation_rule_fields")),
        sa.CheckConstraint(
            "CASE WHEN right_constant IS NULL"
            " THEN num_nulls(right_indicator, right_field, right_factor, right_before) = 0"
            " ELSE num_nonnulls(right_indicator, right_field, right_factor, right_before) = 0 END",
            name=op.f("ck_validation_rule_right_side"),
        ),
        sa.CheckConstraint("active_to IS NULL OR active_to >= active_from", name=op.f("ck_validation_rule_dates")),
    )
    op.bulk_insert(rule, rule_rows())
    protect(op, SERVICE, "validation_rule", see="true", add=ON_THE_BOARD, change=ON_THE_BOARD)
    outlier = op.create_table(
        "outlier_rule",
        sa.Column("compared_with", sa.Text, nullable=False),
        sa.Column("score", sa.Text, nullable=False),
        sa.Column("limit", EXACT, nullable=False),
        sa.Column("least", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("confidence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("compared_with", "score", name=op.f("pk_outlier_rule")),
        sa.CheckConstraint("compared_with IN ('own_past', 'other_units')", name=op.f("ck_outlier_rule_compared_with")),
        sa.CheckConstraint("score IN ('z', 'modified_z')", name=op.f("ck_outlier_rule_score")),
        sa.CheckConstraint('"limit" > 0', name=op.f("ck_outlier_rule_limit")),
        sa.CheckConstraint("least >= 2", name=op.f("ck_outlier_rule_least")),
    )
    op.bulk_insert(outlier, outlier_rows())
    facts(op, SERVICE, "outlier_rule")
