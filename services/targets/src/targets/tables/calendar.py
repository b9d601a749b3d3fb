"""Terms of congress (nhiệm kỳ): their days are data, because no source confirms them."""

from sqlalchemy import CheckConstraint, Column, Date, Integer, Table, Text, text

from targets.tables.columns import metadata

congress_term = Table(
    "congress_term",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_vi", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("source", Text, nullable=False),
    Column(
        "confidence",
        Text,
        CheckConstraint("confidence IN ('confirmed', 'unconfirmed')", name="confidence"),
        nullable=False,
    ),
    Column("note_vi", Text),
    Column("note_en", Text),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("last_day > first_day", name="days"),
    CheckConstraint("code ~ '^[0-9]{4}T[0-9]{4}$'", name="code"),
)
