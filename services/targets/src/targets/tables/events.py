"""What other services' events said, as far as figures are made from it."""

from sqlalchemy import Boolean, Column, Computed, Date, Index, Table, text
from sqlalchemy.dialects.postgresql import ARRAY

from targets.tables.columns import IS_ID, metadata

feedback_clock = Table(
    "feedback_clock",
    metadata,
    Column("submission_id", IS_ID, primary_key=True),
    Column("front_organisation_id", IS_ID, nullable=False),
    Column("path", ARRAY(IS_ID), nullable=False),
    Column("unit_id", IS_ID, nullable=False),
    Column("holder_organisation_id", IS_ID),
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
