"""Tables of the targets service.

indicator 1─n target_version            what the resolution asks, and by which figure, from when to when
indicator 1─n reporting_period 1─n expected_report    who owes a report
reporting_period 1─n report 1─n report_change         the figures, and every change of them, append-only
feedback_clock ──► computed_value       GEN-04 from the feedback service's events
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID, ExcludeConstraint

from servicekit.db import new_metadata
from servicekit.tables import add_recounting

metadata = new_metadata()
add_recounting(metadata)
_instant = DateTime(timezone=True)
_exact = Numeric(28, 10)
_made_id = text("uuidv7()")


def _id(**options: Any) -> "Column[Any]":
    return Column("id", UUID(as_uuid=True), primary_key=True, **options)


indicator = Table(
    "indicator",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    Column("name_vi", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("clause", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('ratio', 'count')", name="kind"), nullable=False),
    Column("unit", Text, nullable=False),
    Column("direction", Text, CheckConstraint("direction IN ('higher', 'lower')", name="direction"), nullable=False),
    Column("whole_numbers", Boolean, nullable=False),
    Column("numerator_vi", Text, nullable=False),
    Column("numerator_en", Text, nullable=False),
    Column("denominator_vi", Text),
    Column("denominator_en", Text),
    Column("responsible_vi", Text, nullable=False),
    Column(
        "source",
        Text,
        CheckConstraint("source IN ('reports', 'feedback_events')", name="source"),
        nullable=False,
    ),
    Column("period_kind", Text, nullable=False),
    Column("reporter_kinds", ARRAY(Text), nullable=False),
    Column("reporter_level", Text, nullable=False),
    Column("categories", ARRAY(Text), nullable=False),
    Column("open_questions", JSONB, nullable=False),
)

target_version = Table(
    "target_version",
    metadata,
    _id(),
    Column("indicator_id", ForeignKey("indicator.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column(
        "comparator",
        Text,
        CheckConstraint("comparator IN ('>', '>=', '=', '<=', '<')", name="comparator"),
        nullable=False,
    ),
    Column("value", _exact),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("aggregation_scope", Text, nullable=False),
    Column("counting_method", Text, nullable=False),
    Column("minimum_coverage", _exact),
    Column("decision", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    UniqueConstraint("indicator_id", "number"),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
    ExcludeConstraint(
        (Column("indicator_id"), "="),
        (text("daterange(valid_from, valid_to, '[]')"), "&&"),
        name="ex_target_version_one_at_a_time",
        using="gist",
    ),
)

reporting_period = Table(
    "reporting_period",
    metadata,
    _id(server_default=_made_id),
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
    Column("opened_at", _instant, nullable=False),
    Column("opened_by", UUID(as_uuid=True), nullable=False),
    UniqueConstraint("indicator_id", "code"),
)

expected_report = Table(
    "expected_report",
    metadata,
    Column("period_id", ForeignKey("reporting_period.id"), primary_key=True),
    Column("organisation_id", UUID(as_uuid=True), primary_key=True),
)

report = Table(
    "report",
    metadata,
    _id(server_default=_made_id),
    Column("period_id", ForeignKey("reporting_period.id"), nullable=False),
    Column("organisation_id", UUID(as_uuid=True), nullable=False, index=True),
    Column(
        "status",
        Text,
        CheckConstraint("status IN ('draft', 'submitted', 'returned', 'verified', 'approved')", name="status"),
        nullable=False,
    ),
    Column("version", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("numerator", _exact, nullable=False),
    Column("denominator", _exact),
    Column("breakdown", JSONB, nullable=False),
    Column("counting_method", Text, nullable=False),
    Column("denominator_source", Text),
    Column("note", Text),
    Column("return_reason", Text),
    Column("entered_by", UUID(as_uuid=True), nullable=False),
    Column("submitted_by", UUID(as_uuid=True)),
    Column("submitted_on", Date),
    Column("held_to", Date),
    Column("verified_by", UUID(as_uuid=True)),
    Column("approved_by", UUID(as_uuid=True)),
    Column("approved_on", Date),
    Column("created_at", _instant, nullable=False),
    Column("changed_at", _instant, nullable=False),
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
    Column("at", _instant, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", UUID(as_uuid=True), nullable=False),
    Column("action", Text, nullable=False),
    Column("status_before", Text),
    Column("status_after", Text, nullable=False),
    Column("values_before", JSONB, nullable=False),
    Column("values_after", JSONB, nullable=False),
    Column("reason", Text),
)

feedback_clock = Table(
    "feedback_clock",
    metadata,
    Column("submission_id", UUID(as_uuid=True), primary_key=True),
    Column("front_organisation_id", UUID(as_uuid=True), nullable=False),
    Column("path", ARRAY(UUID(as_uuid=True)), nullable=False),
    Column("unit_id", UUID(as_uuid=True), nullable=False),
    Column("holder_organisation_id", UUID(as_uuid=True)),
    Column("due_on", Date),
    Column("answered_on", Date),
    Column("overdue", Boolean, nullable=False),
    Column("on_time", Boolean, Computed("answered_on <= due_on", persisted=True)),
    Index(
        "ix_feedback_clock_running",
        "due_on",
        postgresql_where=text("answered_on IS NULL AND NOT overdue"),
    ),
)

computed_value = Table(
    "computed_value",
    metadata,
    _id(),
    Column("indicator_id", ForeignKey("indicator.id"), nullable=False),
    Column("period", Text, nullable=False),
    Column("organisation_id", UUID(as_uuid=True), nullable=False),
    Column("numerator", _exact, nullable=False),
    Column("denominator", _exact, nullable=False),
    Column("running", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("computed_at", _instant, nullable=False),
    UniqueConstraint("indicator_id", "period", "organisation_id"),
    CheckConstraint("numerator >= 0 AND numerator <= denominator", name="figures"),
    CheckConstraint("running >= 0", name="running"),
)
