"""Frozen snapshots (bản chốt số liệu), what of them is public, and from which size on a count of persons is shown."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from targets.tables.columns import INSTANT, IS_ID, MADE_ID, id_column, metadata

small_cell_rule = Table(
    "small_cell_rule",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("threshold", Integer, CheckConstraint("threshold > 1", name="threshold"), nullable=False),
    Column("zero_shown", Boolean, nullable=False),
    Column("source_vi", Text, nullable=False),
    Column("source_en", Text, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("valid_from", Date, nullable=False),
)

snapshot = Table(
    "snapshot",
    metadata,
    id_column(server_default=MADE_ID),
    Column("kind", Text, CheckConstraint("kind IN ('interim_review', 'final_review')", name="kind"), nullable=False),
    Column("title", Text, nullable=False),
    Column("resolution_id", ForeignKey("resolution.id"), nullable=False),
    Column("periods", ARRAY(Text), nullable=False),
    Column("supersedes", ForeignKey("snapshot.id")),
    Column("status", Text, CheckConstraint("status IN ('draft', 'issued')", name="status"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("made_at", INSTANT, nullable=False),
    Column("made_by", IS_ID, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("number", Text),
    Column("issued_on", Date),
    Column("issued_at", INSTANT),
    Column("issued_by", IS_ID),
    Column("hidden", JSONB),
    CheckConstraint("issued_by <> made_by", name="issued_by_another"),
    CheckConstraint(
        "(status = 'issued') = (number IS NOT NULL AND issued_on IS NOT NULL AND issued_at IS NOT NULL"
        " AND issued_by IS NOT NULL AND hidden IS NOT NULL)",
        name="issued_whole",
    ),
    UniqueConstraint("number"),
    Index("ix_snapshot_resolution", "resolution_id", "status"),
)
"""`content` is what was frozen; `hidden` is what its publication leaves out of it."""

published_snapshot = Table(
    "published_snapshot",
    metadata,
    Column("snapshot_id", ForeignKey("snapshot.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    Column("periods", ARRAY(Text), nullable=False),
    Column("supersedes", IS_ID),
    Column("number", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("sha256", Text, nullable=False),
)
"""The view for everybody; a table of its own, so that no public route can reach what it leaves out."""
