"""What stands beside a report: who signed it off, evidence, corrections, reopenings, and what its unit was told."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from targets.tables.columns import EXACT, INSTANT, IS_ID, MADE_ID, id_column, metadata

sign_off = Table(
    "sign_off",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("level", Text, primary_key=True),
    Column("organisation_id", IS_ID, nullable=False),
    Column("person_id", IS_ID, nullable=False),
    Column("at", INSTANT, nullable=False),
    UniqueConstraint("report_id", "round", "person_id", name="uq_sign_off_one_level_a_person"),
)

evidence = Table(
    "evidence",
    metadata,
    id_column(),
    Column("report_id", ForeignKey("report.id"), nullable=False, index=True),
    Column("kind", Text, CheckConstraint("kind IN ('file', 'document')", name="kind"), nullable=False),
    Column("public", Boolean, nullable=False),
    Column("sha256", Text),
    Column("media_type", Text),
    Column("size", Integer),
    Column("storage_key", Text),
    Column("key_sealed", LargeBinary),
    Column("document_number", Text),
    Column("document_date", Date),
    Column("url", Text),
    Column("added_by", IS_ID, nullable=False),
    Column("added_at", INSTANT, nullable=False),
    Column("removed_by", IS_ID),
    Column("removed_at", INSTANT),
    CheckConstraint(
        "(kind = 'file') = (sha256 IS NOT NULL AND storage_key IS NOT NULL AND key_sealed IS NOT NULL)", name="file"
    ),
    CheckConstraint("(kind = 'document') = (document_number IS NOT NULL)", name="document"),
)

correction = Table(
    "correction",
    metadata,
    id_column(server_default=MADE_ID),
    Column("report_id", ForeignKey("report.id"), nullable=False),
    Column(
        "status",
        Text,
        CheckConstraint("status IN ('requested', 'verified', 'approved', 'refused')", name="status"),
        nullable=False,
    ),
    Column("version", Integer, nullable=False),
    Column("numerator", EXACT, nullable=False),
    Column("denominator", EXACT),
    Column("breakdown", JSONB, nullable=False),
    Column("counting_method", Text, nullable=False),
    Column("denominator_source", Text),
    Column("note", Text),
    Column("reason", Text, nullable=False),
    Column("requested_by", IS_ID, nullable=False),
    Column("requested_at", INSTANT, nullable=False),
    Column("verified_by", IS_ID),
    Column("approved_by", IS_ID),
    Column("refused_by", IS_ID),
    Column("refusal_reason", Text),
    Column("decided_at", INSTANT),
    CheckConstraint("verified_by <> requested_by", name="verified_by_second"),
    CheckConstraint("approved_by <> requested_by AND approved_by <> verified_by", name="approved_by_third"),
    Index("ix_correction_report_id", "report_id"),
    Index(
        "uq_correction_waiting",
        "report_id",
        unique=True,
        postgresql_where=text("status IN ('requested', 'verified')"),
    ),
)

reopen_request = Table(
    "reopen_request",
    metadata,
    id_column(server_default=MADE_ID),
    Column("period_id", ForeignKey("reporting_period.id"), nullable=False, index=True),
    Column("organisation_id", IS_ID, nullable=False, index=True),
    Column("organisation_ids", ARRAY(IS_ID), nullable=False),
    Column("until_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column(
        "status",
        Text,
        CheckConstraint("status IN ('requested', 'approved', 'refused', 'relocked')", name="status"),
        nullable=False,
    ),
    Column("version", Integer, nullable=False),
    Column("requested_by", IS_ID, nullable=False),
    Column("requested_at", INSTANT, nullable=False),
    Column("decided_by", IS_ID),
    Column("decided_at", INSTANT),
    Column("decision_reason", Text),
    CheckConstraint("decided_by <> requested_by", name="decided_by_another"),
)

reopening = Table(
    "reopening",
    metadata,
    Column("request_id", ForeignKey("reopen_request.id"), primary_key=True),
    Column("organisation_id", IS_ID, primary_key=True),
    Column("period_id", ForeignKey("reporting_period.id"), nullable=False),
    Column("until_on", Date, nullable=False),
    Column("relocked_at", INSTANT),
    Index("ix_reopening_period_id", "period_id", "organisation_id"),
)

reminder = Table(
    "reminder",
    metadata,
    id_column(server_default=MADE_ID),
    Column("form_id", ForeignKey("form.id"), nullable=False),
    Column("period", Text, nullable=False),
    Column("organisation_id", IS_ID, nullable=False),
    Column("step", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('due_soon', 'overdue', 'by_hand')", name="kind"), nullable=False),
    Column("to_role", Text, nullable=False),
    Column("to_organisation_id", IS_ID, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("note_code", Text),
    Column("sent_by", IS_ID),
    Column("sent_at", INSTANT, nullable=False),
    UniqueConstraint("form_id", "period", "organisation_id", "step", name="uq_reminder_once"),
)
