"""What other services' events said, as far as figures are made from it.

event_item 1─n contribution ──► roll_up       facts of one thing, what it adds to each indicator, the sums
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from targets.tables.columns import INSTANT, IS_ID, id_column, metadata

event_item = Table(
    "event_item",
    metadata,
    id_column(),
    Column(
        "kind",
        Text,
        CheckConstraint(
            "kind IN ('submission', 'case', 'recommendation', 'draft', 'criticism', 'opinion')", name="kind"
        ),
        nullable=False,
    ),
    Column("subject_id", IS_ID, nullable=False),
    Column("addressee_id", IS_ID),
    Column("case_id", IS_ID),
    Column("organisation_id", IS_ID),
    Column("path", ARRAY(IS_ID)),
    Column("facts", JSONB, nullable=False),
    Column("clock_on", Date),
    Column("changed_at", INSTANT, nullable=False),
    CheckConstraint("(organisation_id IS NULL) = (path IS NULL)", name="place"),
    CheckConstraint("(kind = 'recommendation') = (addressee_id IS NOT NULL)", name="addressee"),
    Index("ix_event_item_clock", "clock_on", "id", postgresql_where=text("clock_on IS NOT NULL")),
    Index("ix_event_item_case", "case_id", postgresql_where=text("case_id IS NOT NULL")),
    Index("ix_event_item_subject_id", "subject_id"),
    Index("ix_event_item_path", "path", postgresql_using="gin"),
)
"""`organisation_id` is the body it counts for, `path` that and everyone above it when it came; both NULL until known.

`clock_on` is the day whose passing still changes something.
"""

contribution = Table(
    "contribution",
    metadata,
    Column("item_id", ForeignKey("event_item.id", ondelete="CASCADE"), primary_key=True),
    Column("indicator_id", ForeignKey("indicator.id"), primary_key=True),
    Column("period", Text, nullable=False),
    Column("numerator", Integer, nullable=False),
    Column("denominator", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    CheckConstraint("numerator BETWEEN 0 AND denominator", name="figures"),
    CheckConstraint("counted BETWEEN 0 AND expected", name="coverage"),
    Index("ix_contribution_number", "indicator_id", "period", "item_id"),
)
"""What an item adds to an indicator: the trace of every sum, and what is taken away again when the item changes."""
