"""What figures are computed by and judged against: formulas with every version, and targets handed down to units."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, ForeignKeyConstraint, Integer, Table, Text

from targets.tables.columns import EXACT, INSTANT, IS_ID, metadata

formula_version = Table(
    "formula_version",
    metadata,
    Column("indicator_id", ForeignKey("indicator.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("numerator", Text, nullable=False),
    Column("denominator", Text),
    Column("applies_from", Date, nullable=False),
    Column("decision", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("set_by", IS_ID),
    Column("set_at", INSTANT, nullable=False),
    CheckConstraint("number >= 1", name="number"),
)
"""Append-only. A period is computed by the newest version that applies from its last day or earlier."""

allocation = Table(
    "allocation",
    metadata,
    Column("target_version_id", ForeignKey("target_version.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column(
        "method",
        Text,
        CheckConstraint("method IN ('sum', 'by_population', 'by_denominator')", name="method"),
        nullable=False,
    ),
    Column("decision", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("set_by", IS_ID, nullable=False),
    Column("set_at", INSTANT, nullable=False),
    CheckConstraint("version >= 1", name="version"),
)
"""Append-only: the newest version of a target version's allocation counts."""

allocated_target = Table(
    "allocated_target",
    metadata,
    Column("target_version_id", IS_ID, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("organisation_id", IS_ID, primary_key=True),
    Column("value", EXACT, CheckConstraint("value >= 0", name="value"), nullable=False),
    ForeignKeyConstraint(
        ("target_version_id", "version"), ("allocation.target_version_id", "allocation.version"), name="allocation"
    ),
)
