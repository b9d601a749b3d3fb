"""Indicators, targets, periods, reports with their history, and the clocks GEN-04 is computed from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EXACT = sa.Numeric(28, 10)
INSTANT = sa.DateTime(timezone=True)
MADE_ID = sa.text("uuidv7()")
ID = UUID(as_uuid=True)


def upgrade() -> None:
    _indicators()
    _periods()
    _reports()
    _computed()


def _indicators() -> None:
    op.create_table(
        "indicator",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name_vi", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("instrument", sa.Text, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("clause", sa.Text, nullable=False),
        sa.Column("quote", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("whole_numbers", sa.Boolean, nullable=False),
        sa.Column("numerator_vi", sa.Text, nullable=False),
        sa.Column("numerator_en", sa.Text, nullable=False),
        sa.Column("denominator_vi", sa.Text),
        sa.Column("denominator_en", sa.Text),
        sa.Column("responsible_vi", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("period_kind", sa.Text, nullable=False),
        sa.Column("reporter_kinds", ARRAY(sa.Text), nullable=False),
        sa.Column("reporter_level", sa.Text, nullable=False),
        sa.Column("categories", ARRAY(sa.Text), nullable=False),
        sa.Column("open_questions", JSONB, nullable=False),
        sa.CheckConstraint("kind IN ('ratio', 'count')", name=op.f("ck_indicator_kind")),
        sa.CheckConstraint("direction IN ('higher', 'lower')", name=op.f("ck_indicator_direction")),
        sa.CheckConstraint("source IN ('reports', 'feedback_events')", name=op.f("ck_indicator_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator")),
        sa.UniqueConstraint("code", name=op.f("uq_indicator_code")),
    )
    op.create_table(
        "target_version",
        sa.Column("id", ID, nullable=False),
        sa.Column(
            "indicator_id",
            ID,
            sa.ForeignKey("indicator.id", name=op.f("fk_target_version_indicator_id")),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("comparator", sa.Text, nullable=False),
        sa.Column("value", EXACT),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("aggregation_scope", sa.Text, nullable=False),
        sa.Column("counting_method", sa.Text, nullable=False),
        sa.Column("minimum_coverage", EXACT),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.UniqueConstraint("indicator_id", "number", name=op.f("uq_target_version_indicator_id_number")),
        sa.CheckConstraint("comparator IN ('>', '>=', '=', '<=', '<')", name=op.f("ck_target_version_comparator")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_target_version_dates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_version")),
    )
    op.execute(
        "ALTER TABLE target_version ADD CONSTRAINT ex_target_version_one_at_a_time"
        " EXCLUDE USING gist (indicator_id WITH =, daterange(valid_from, valid_to, '[]') WITH &&)"
    )


def _periods() -> None:
    op.create_table(
        "reporting_period",
        sa.Column("id", ID, nullable=False, server_default=MADE_ID),
        sa.Column(
            "indicator_id",
            ID,
            sa.ForeignKey("indicator.id", name=op.f("fk_reporting_period_indicator_id")),
            nullable=False,
        ),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("due_provisional", sa.Boolean, nullable=False),
        sa.Column("rule_key", sa.Text, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("opened_by", ID, nullable=False),
        sa.UniqueConstraint("indicator_id", "code", name=op.f("uq_reporting_period_indicator_id_code")),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_reporting_period_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporting_period")),
    )
    op.create_table(
        "expected_report",
        sa.Column(
            "period_id",
            ID,
            sa.ForeignKey("reporting_period.id", name=op.f("fk_expected_report_period_id")),
            nullable=False,
        ),
        sa.Column("organisation_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("period_id", "organisation_id", name=op.f("pk_expected_report")),
    )


def _reports() -> None:
    op.create_table(
        "report",
        sa.Column("id", ID, nullable=False, server_default=MADE_ID),
        sa.Column(
            "period_id", ID, sa.ForeignKey("reporting_period.id", name=op.f("fk_report_period_id")), nullable=False
        ),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("numerator", EXACT, nullable=False),
        sa.Column("denominator", EXACT),
        sa.Column("breakdown", JSONB, nullable=False),
        sa.Column("counting_method", sa.Text, nullable=False),
        sa.Column("denominator_source", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("return_reason", sa.Text),
        sa.Column("entered_by", ID, nullable=False),
        sa.Column("submitted_by", ID),
        sa.Column("submitted_on", sa.Date),
        sa.Column("verified_by", ID),
        sa.Column("approved_by", ID),
        sa.Column("approved_on", sa.Date),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.UniqueConstraint("period_id", "organisation_id", name=op.f("uq_report_period_id_organisation_id")),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'returned', 'verified', 'approved')",
            name=op.f("ck_report_status"),
        ),
        sa.CheckConstraint("numerator >= 0", name=op.f("ck_report_numerator")),
        sa.CheckConstraint("denominator > 0 AND denominator >= numerator", name=op.f("ck_report_denominator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_table(
        "report_change",
        sa.Column("report_id", ID, sa.ForeignKey("report.id", name=op.f("fk_report_change_report_id")), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("status_before", sa.Text),
        sa.Column("status_after", sa.Text, nullable=False),
        sa.Column("values_before", JSONB, nullable=False),
        sa.Column("values_after", JSONB, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("report_id", "version", name=op.f("pk_report_change")),
    )
    op.create_index("ix_report_organisation_id", "report", ["organisation_id"])
    # The history of values is evidence: neither the application nor the owner changes it afterwards.
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON report_change FROM targets")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON report_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _computed() -> None:
    op.create_table(
        "feedback_clock",
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("front_organisation_id", ID, nullable=False),
        sa.Column("path", ARRAY(ID), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("holder_organisation_id", ID),
        sa.Column("due_on", sa.Date),
        sa.Column("answered_on", sa.Date),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("on_time", sa.Boolean, sa.Computed("answered_on <= due_on", persisted=True)),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_feedback_clock")),
    )
    op.create_index(
        "ix_feedback_clock_running",
        "feedback_clock",
        ["due_on"],
        postgresql_where=sa.text("answered_on IS NULL AND NOT overdue"),
    )
    op.create_table(
        "computed_value",
        sa.Column("id", ID, nullable=False),
        sa.Column(
            "indicator_id",
            ID,
            sa.ForeignKey("indicator.id", name=op.f("fk_computed_value_indicator_id")),
            nullable=False,
        ),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("numerator", EXACT, nullable=False),
        sa.Column("denominator", EXACT, nullable=False),
        sa.Column("running", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("computed_at", INSTANT, nullable=False),
        sa.UniqueConstraint(
            "indicator_id",
            "period",
            "organisation_id",
            name=op.f("uq_computed_value_indicator_id_period_organisation_id"),
        ),
        sa.CheckConstraint("numerator >= 0 AND numerator <= denominator", name=op.f("ck_computed_value_figures")),
        sa.CheckConstraint("running >= 0", name=op.f("ck_computed_value_running")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_computed_value")),
    )
