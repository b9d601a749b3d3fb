"""Imports of files of values with what was wrong in them, and the rules that values are checked by."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from targets.tables.columns import EXACT, INSTANT, IS_ID, MADE_ID, id_column, metadata

data_import = Table(
    "data_import",
    metadata,
    id_column(server_default=MADE_ID),
    Column("at", INSTANT, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", IS_ID, nullable=False),
    Column("organisation_ids", ARRAY(IS_ID), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("header", ARRAY(Text), nullable=False),
    Column(
        "strategy",
        Text,
        CheckConstraint("strategy IN ('CREATE_AND_UPDATE', 'CREATE', 'UPDATE', 'DELETE')", name="strategy"),
        nullable=False,
    ),
    Column("atomic", Boolean, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column(
        "status", Text, CheckConstraint("status IN ('success', 'warning', 'refused')", name="status"), nullable=False
    ),
    Column("rows", Integer, nullable=False),
    Column("imported", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("ignored", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("conflicts", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    CheckConstraint("imported + updated + ignored + deleted + conflicts = rows", name="counts"),
    CheckConstraint("array_length(organisation_ids, 1) > 0", name="organisations"),
)

import_conflict = Table(
    "import_conflict",
    metadata,
    Column("import_id", ForeignKey("data_import.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, nullable=False),
    Column("column_name", Text),
    Column("code", Text, nullable=False),
    Column("vi", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("cells", JSONB),
)

import_line = Table(
    "import_line",
    metadata,
    # Rows of a file on their way, within one transaction: no key, for nobody else ever meets them.
    Column("line", Integer, nullable=False, index=True),
    Column("period_id", IS_ID, nullable=False),
    Column("organisation_id", IS_ID, nullable=False),
    Column("numerator", Numeric),
    Column("denominator", Numeric),
    Column("breakdown", JSONB),
    Column("counting_method", Text),
    Column("usual_method", Text, nullable=False),
    Column("denominator_source", Text),
    Column("note", Text),
    Column("warnings", JSONB, nullable=False, server_default="[]"),
    Column("report_id", IS_ID, nullable=False, server_default=MADE_ID),
    Column("version", Integer),
    Column("action", Text, nullable=False),
    prefixes=["UNLOGGED"],
)

validation_rule = Table(
    "validation_rule",
    metadata,
    id_column(server_default=MADE_ID),
    Column("code", Text, nullable=False, unique=True),
    Column("name_vi", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("left_indicator", ForeignKey("indicator.code"), nullable=False),
    Column("left_field", Text, nullable=False),
    Column("left_factor", EXACT, nullable=False),
    Column("left_before", Boolean, nullable=False),
    Column(
        "operator", Text, CheckConstraint("operator IN ('<=', '<', '=', '>', '>=')", name="operator"), nullable=False
    ),
    Column("right_indicator", ForeignKey("indicator.code")),
    Column("right_field", Text),
    Column("right_factor", EXACT),
    Column("right_before", Boolean),
    Column("right_constant", EXACT),
    Column(
        "importance",
        Text,
        CheckConstraint("importance IN ('error', 'warning')", name="importance"),
        nullable=False,
    ),
    Column("period_kinds", ARRAY(Text), nullable=False),
    Column("text_vi", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("active_from", Date, nullable=False),
    Column("active_to", Date),
    Column("version", Integer, nullable=False),
    CheckConstraint(
        "left_field IN ('numerator', 'denominator', 'rate') AND right_field IN ('numerator', 'denominator', 'rate')",
        name="fields",
    ),
    CheckConstraint(
        "CASE WHEN right_constant IS NULL"
        " THEN num_nulls(right_indicator, right_field, right_factor, right_before) = 0"
        " ELSE num_nonnulls(right_indicator, right_field, right_factor, right_before) = 0 END",
        name="right_side",
    ),
    CheckConstraint("active_to IS NULL OR active_to >= active_from", name="dates"),
)

outlier_rule = Table(
    "outlier_rule",
    metadata,
    Column(
        "compared_with",
        Text,
        CheckConstraint("compared_with IN ('own_past', 'other_units')", name="compared_with"),
        primary_key=True,
    ),
    Column("score", Text, CheckConstraint("score IN ('z', 'modified_z')", name="score"), primary_key=True),
    Column("limit", EXACT, CheckConstraint('"limit" > 0', name="limit"), nullable=False),
    Column("least", Integer, CheckConstraint("least >= 2", name="least"), nullable=False),
    Column("source", Text, nullable=False),
    Column("confidence", Text, nullable=False),
)
