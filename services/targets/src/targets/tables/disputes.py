"""Disputes over values: what feedback or oversight says against a figure, and what its owner answers."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from targets.tables.columns import EXACT, INSTANT, IS_ID, MADE_ID, id_column, metadata

dispute_kind = Table(
    "dispute_kind",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("minimum_subjects", Integer, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
    CheckConstraint("minimum_subjects >= 1", name="minimum_subjects"),
)
"""What a dispute may rest on, and how much of it is needed: a setting, not law."""

dispute = Table(
    "dispute",
    metadata,
    id_column(server_default=MADE_ID),
    Column("kind", ForeignKey("dispute_kind.kind"), nullable=False),
    Column("indicator_id", ForeignKey("indicator.id"), nullable=False),
    Column("period", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("organisation_id", IS_ID, nullable=False, index=True),
    Column("source_organisation_id", IS_ID, nullable=False),
    Column(
        "status",
        Text,
        CheckConstraint("status IN ('open', 'overdue', 'answered', 'accepted', 'rejected', 'closed')", name="status"),
        nullable=False,
    ),
    Column("version", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("report_id", ForeignKey("report.id")),
    Column("report_version", Integer),
    Column("numerator", EXACT),
    Column("denominator", EXACT),
    Column("raised_by", IS_ID, nullable=False),
    Column("raised_on", Date, nullable=False),
    Column("anchor_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("due_provisional", Boolean, nullable=False),
    Column("rule_key", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("overdue_on", Date),
    Column("answer", Text, CheckConstraint("answer IN ('figure_stands', 'figure_corrected')", name="answer")),
    Column("answer_text", Text),
    Column("answer_report_version", Integer),
    Column("answered_by", IS_ID),
    Column("answered_on", Date),
    Column("decided_by", IS_ID),
    Column("decided_on", Date),
    Column("decision_text", Text),
    Column("closed_on", Date),
    Column("created_at", INSTANT, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    CheckConstraint("answered_by <> raised_by", name="answered_by_another"),
    CheckConstraint("decided_by <> answered_by AND decided_by <> raised_by", name="decided_by_another"),
    Index(
        "ix_dispute_marked",
        "indicator_id",
        "period",
        postgresql_where=text("status IN ('open', 'overdue', 'rejected')"),
    ),
    Index("ix_dispute_running", "due_on", postgresql_where=text("status IN ('open', 'rejected')")),
)

dispute_subject = Table(
    "dispute_subject",
    metadata,
    Column("value_id", IS_ID, primary_key=True),
    Column("subject_id", IS_ID, primary_key=True),
    Column("subject_kind", Text, nullable=False),
    Column("dispute_id", ForeignKey("dispute.id"), nullable=False, index=True),
)
"""What a dispute rests on; the same thing disputes a value once."""

dispute_change = Table(
    "dispute_change",
    metadata,
    Column("dispute_id", ForeignKey("dispute.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", INSTANT, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", IS_ID, nullable=False),
    Column("action", Text, nullable=False),
    Column("status_before", Text),
    Column("status_after", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("text", Text),
)
