"""Forms: what is reported together, with every version that was ever used."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from targets.tables.columns import INSTANT, IS_ID, MADE_ID, id_column, metadata

form = Table(
    "form",
    metadata,
    id_column(server_default=MADE_ID),
    Column("code", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("resolution_id", ForeignKey("resolution.id")),
)

form_version = Table(
    "form_version",
    metadata,
    Column("form_id", ForeignKey("form.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name_vi", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("period_kind", Text, nullable=False),
    Column("reporter_kinds", ARRAY(Text)),
    Column("reporter_level", Text),
    Column("indicators", ARRAY(Text)),
    Column("evidence_for", ARRAY(Text), nullable=False),
    Column("levels", JSONB, nullable=False),
    Column("steps", JSONB, nullable=False),
    Column("expiry_days", Integer),
    Column("open_future", Boolean, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    Column("changed_by", IS_ID),
)
