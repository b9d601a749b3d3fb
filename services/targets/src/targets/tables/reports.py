"""Reporting periods, who owes a report, and the figures (báo cáo chỉ tiêu) with every change of them."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from targets.tables.columns import EXACT, INSTANT, IS_ID, MADE_ID, id_column, metadata

reporting_period = Table(
    "reporting_period",
    metadata,
    id_column(server_default=MADE_ID),
    Column("indicator_id", ForeignKey("indicator.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('open', 'closed')", name="status"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("due_provisional", Boolean, nullable=False),
    Column("rule_key", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("opened_at", INSTANT, nullable=False),
    Column("opened_by", IS_ID, nullable=False),
    UniqueConstraint("indicator_id", "code"),
)

expected_report = Table(
    "expected_report",
    metadata,
    Column("period_id", ForeignKey("reporting_period.id"), primary_key=True),
    Column("organisation_id", IS_ID, primary_key=True),
)

report = Table(
    "report",
    metadata,
    id_column(server_default=MADE_ID),
    Column("period_id", ForeignKey("reporting_period.id"), nullable=False),
    Column("organisation_id", IS_ID, nullable=False, index=True),
    Column(
        "status",
        Text,
        CheckConstraint("status IN ('draft', 'submitted', 'returned', 'verified', 'approved')", name="status"),
        nullable=False,
    ),
    Column("version", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("numerator", EXACT, nullable=False),
    Column("denominator", EXACT),
    Column("breakdown", JSONB, nullable=False),
    Column("counting_method", Text, nullable=False),
    Column("denominator_source", Text),
    Column("note", Text),
    Column("return_reason", Text),
    Column("entered_by", IS_ID, nullable=False),
    Column("submitted_by", IS_ID),
    Column("submitted_on", Date),
    Column("held_to", Date),
    Column("verified_by", IS_ID),
    Column("approved_by", IS_ID),
    Column("approved_on", Date),
    Column("created_at", INSTANT, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    UniqueConstraint("period_id", "organisation_id"),
    CheckConstraint("numerator >= 0", name="numerator"),
    CheckConstraint("denominator > 0 AND denominator >= numerator", name="denominator"),
    CheckConstraint("verified_by <> entered_by AND verified_by <> submitted_by", name="verified_by_second"),
    CheckConstraint(
        "approved_by <> entered_by AND approved_by <> submitted_by AND approved_by <> verified_by",
        name="approved_by_third",
    ),
)

report_change = Table(
    "report_change",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", INSTANT, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", IS_ID, nullable=False),
    Column("action", Text, nullable=False),
    Column("status_before", Text),
    Column("status_after", Text, nullable=False),
    Column("values_before", JSONB, nullable=False),
    Column("values_after", JSONB, nullable=False),
    Column("reason", Text),
)
