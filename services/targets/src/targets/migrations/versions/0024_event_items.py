"""One mechanism for every indicator made from events: the facts of each thing, what it adds, and the sums."""

from uuid import uuid5

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from servicekit.row_security import protect, within
from targets.seeds.resolution import indicator_id

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

SERVICE = "targets"
ID = UUID(as_uuid=True)
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
SEEN = f"{within('organisation_id', 'readers')} OR {ON_THE_BOARD}"
# A clock said nothing of acceptance, so what it was adds to GEN-04 alone until the owner is asked (`refetch`).
ITEMS = """
INSERT INTO event_item (id, kind, subject_id, organisation_id, path, facts, clock_on, changed_at)
SELECT submission_id, 'submission', submission_id, front_organisation_id, path,
       jsonb_strip_nulls(jsonb_build_object(
         'due_on', due_on, 'answered_on', answered_on,
         'forwarded', CASE WHEN holder_organisation_id <> front_organisation_id THEN true END,
         'ran_out', CASE WHEN overdue THEN true END)),
       CASE WHEN answered_on IS NULL AND NOT overdue THEN due_on END, now()
  FROM feedback_clock
"""
CONTRIBUTIONS = """
INSERT INTO contribution (item_id, indicator_id, period, numerator, denominator, counted, expected)
SELECT submission_id, CAST('{indicator}' AS uuid), CAST(extract(year FROM due_on) AS text),
       CAST(answered_on IS NOT NULL AND answered_on <= due_on AS int),
       CAST(answered_on IS NOT NULL OR overdue AS int), CAST(answered_on IS NOT NULL OR overdue AS int), 1
  FROM feedback_clock WHERE due_on IS NOT NULL
"""


def upgrade() -> None:
    _tables()
    _bring_over()
    _secure()


def _tables() -> None:
    op.create_table(
        "event_item",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("addressee_id", ID),
        sa.Column("case_id", ID),
        sa.Column("organisation_id", ID),
        sa.Column("path", ARRAY(ID)),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("clock_on", sa.Date),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('submission', 'case', 'recommendation', 'draft', 'criticism', 'opinion')",
            name=op.f("ck_event_item_kind"),
        ),
        sa.CheckConstraint("(organisation_id IS NULL) = (path IS NULL)", name=op.f("ck_event_item_place")),
        sa.CheckConstraint(
            "(kind = 'recommendation') = (addressee_id IS NOT NULL)", name=op.f("ck_event_item_addressee")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_item")),
    )
    for name in ("clock", "case"):
        column = {"clock": "clock_on", "case": "case_id"}[name]
        op.create_index(
            f"ix_event_item_{name}",
            "event_item",
            [column, "id"] if name == "clock" else [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index("ix_event_item_subject_id", "event_item", ["subject_id"])
    op.create_index("ix_event_item_path", "event_item", ["path"], postgresql_using="gin")
    op.create_table(
        "contribution",
        sa.Column("item_id", ID, nullable=False),
        sa.Column("indicator_id", ID, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("numerator", "denominator", "counted", "expected")),
        sa.CheckConstraint("numerator BETWEEN 0 AND denominator", name=op.f("ck_contribution_figures")),
        sa.CheckConstraint("counted BETWEEN 0 AND expected", name=op.f("ck_contribution_coverage")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["event_item.id"], name=op.f("fk_contribution_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicator.id"], name=op.f("fk_contribution_indicator_id")),
        sa.PrimaryKeyConstraint("item_id", "indicator_id", name=op.f("pk_contribution")),
    )
    op.create_index("ix_contribution_number", "contribution", ["indicator_id", "period", "item_id"])


def _bring_over() -> None:
    """Turn the clocks of GEN-04 into items; the whole's figures get the id every other figure from events has."""
    connection = op.get_bind()
    wholes = "SELECT id, period FROM roll_up WHERE indicator_id = :of AND organisation_id IS NULL"
    for row in connection.execute(sa.text(wholes), {"of": indicator_id("GEN-04")}).all():
        made = {"own": row.id, "made": uuid5(indicator_id("GEN-04"), f"{row.period}:None")}
        connection.execute(sa.text("UPDATE roll_up SET id = :made WHERE id = :own"), made)
    op.execute(ITEMS)
    op.execute(CONTRIBUTIONS.format(indicator=indicator_id("GEN-04")))
    op.drop_table("feedback_clock")


def _secure() -> None:
    protect(op, SERVICE, "event_item", see=SEEN)
    protect(op, SERVICE, "contribution", see="EXISTS (SELECT FROM event_item seen WHERE seen.id = item_id)")
