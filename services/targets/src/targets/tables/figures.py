"""The one place all figures are read from: every indicator, period and organisation with what is below it."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from targets.tables.columns import EXACT, INSTANT, IS_ID, MADE_ID, id_column, metadata

roll_up = Table(
    "roll_up",
    metadata,
    id_column(server_default=MADE_ID),
    Column("indicator_id", ForeignKey("indicator.id"), nullable=False),
    Column("period", Text, nullable=False),
    Column("period_kind", Text, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("organisation_id", IS_ID),
    Column("numerator", EXACT),
    Column("denominator", EXACT),
    Column("breakdown", JSONB, nullable=False, server_default=text("'{}'")),
    Column("methods", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("counted", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("population_counted", EXACT),
    Column("population_expected", EXACT),
    Column("trace", JSONB),
    Column("told", Integer, nullable=False),
    Column("computed_at", INSTANT, nullable=False),
    UniqueConstraint(
        "indicator_id",
        "period",
        "organisation_id",
        name="uq_roll_up_place",
        postgresql_nulls_not_distinct=True,
    ),
    CheckConstraint("numerator >= 0 AND denominator >= 0", name="figures"),
    CheckConstraint("counted >= 0 AND expected >= counted", name="coverage"),
    Index(
        "ix_roll_up_of_organisation",
        "organisation_id",
        "indicator_id",
        "period_kind",
        "last_day",
        postgresql_include=["told", "computed_at"],
    ),
    Index(
        "ix_roll_up_of_whole",
        "indicator_id",
        "period_kind",
        "last_day",
        postgresql_include=["told", "computed_at"],
        postgresql_where=text("organisation_id IS NULL"),
    ),
)
"""`organisation_id` NULL is the whole; `told` goes up with every change."""

population = Table(
    "population",
    metadata,
    Column("unit_id", IS_ID, primary_key=True),
    Column("counted_on", Date, primary_key=True),
    Column("persons", EXACT, CheckConstraint("persons >= 0", name="persons"), nullable=False),
    Column("source", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
)
