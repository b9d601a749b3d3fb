"""Frozen snapshots with a public view of their own, and from which size on a count of persons is shown."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from servicekit.row_security import facts, protect

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SERVICE = "targets"
ID = UUID(as_uuid=True)
INSTANT = sa.DateTime(timezone=True)
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
A_READER = "cardinality((SELECT app_ids('readers'))) > 0"
# The one change a snapshot ever sees is its being issued; not even the house may touch what was frozen.
FROZEN = """
CREATE FUNCTION keep_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'snapshot' THEN
    IF OLD.status = 'draft' AND NEW.status = 'issued' AND NEW.version = OLD.version + 1
       AND (NEW.id, NEW.kind, NEW.title, NEW.resolution_id, NEW.periods, NEW.supersedes, NEW.made_at, NEW.made_by,
            NEW.content, NEW.sha256)
           IS NOT DISTINCT FROM
           (OLD.id, OLD.kind, OLD.title, OLD.resolution_id, OLD.periods, OLD.supersedes, OLD.made_at, OLD.made_by,
            OLD.content, OLD.sha256) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'a snapshot is frozen';
END
$$
"""


def upgrade() -> None:
    _which_count_persons()
    _tables()
    for name in ("snapshot", "published_snapshot"):
        events = "UPDATE OR DELETE"
        op.execute(f"CREATE TRIGGER frozen BEFORE {events} ON {name} FOR EACH ROW EXECUTE FUNCTION keep_snapshot()")
    protect(op, SERVICE, "snapshot", see=A_READER, add=ON_THE_BOARD, change=ON_THE_BOARD)
    protect(op, SERVICE, "published_snapshot", see="true", add=ON_THE_BOARD)
    facts(op, SERVICE, "small_cell_rule")


def _which_count_persons() -> None:
    """Ratios and counts of whole things count persons unless their unit says that they do not."""
    op.add_column("indicator", sa.Column("small_cells", sa.Boolean, nullable=False, server_default=sa.text("true")))
    op.execute(
        "UPDATE indicator SET small_cells = kind IN ('ratio', 'count') AND whole_numbers"
        " AND source <> 'oversight_events'"
        " AND (kind = 'ratio' OR unit ~ '(person|people|member|official|participant|percent)')"
    )
    rule = op.create_table(
        "small_cell_rule",
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("zero_shown", sa.Boolean, nullable=False),
        sa.Column("source_vi", sa.Text, nullable=False),
        sa.Column("source_en", sa.Text, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.CheckConstraint("threshold > 1", name=op.f("ck_small_cell_rule_threshold")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_small_cell_rule")),
    )
    op.bulk_insert(
        rule,
        [
            {
                "version": 1,
                "threshold": 10,
                "zero_shown": True,
                "source_vi": "Thông lệ quốc tế: OECD thường dùng 3 đến 5, UK LLC dùng 10. Chưa tìm thấy quy định của "
                "Việt Nam; cần được xác nhận.",
                "source_en": "International practice: OECD commonly 3 to 5, UK LLC 10. No rule of Viet Nam was found; "
                "to be confirmed.",
                "confirmed": False,
                "valid_from": date(2021, 1, 1),
            }
        ],
    )


def _tables() -> None:
    op.execute(FROZEN)
    op.create_table(
        "snapshot",
        sa.Column("id", ID, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("resolution_id", ID, nullable=False),
        sa.Column("periods", ARRAY(sa.Text), nullable=False),
        sa.Column("supersedes", ID),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("issued_on", sa.Date),
        sa.Column("issued_at", INSTANT),
        sa.Column("issued_by", ID),
        sa.Column("hidden", JSONB),
        sa.CheckConstraint("kind IN ('interim_review', 'final_review')", name=op.f("ck_snapshot_kind")),
        sa.CheckConstraint("status IN ('draft', 'issued')", name=op.f("ck_snapshot_status")),
        sa.CheckConstraint("issued_by <> made_by", name=op.f("ck_snapshot_issued_by_another")),
        sa.CheckConstraint(
            "(status = 'issued') = (number IS NOT NULL AND issued_on IS NOT NULL AND issued_at IS NOT NULL"
            " AND issued_by IS NOT NULL AND hidden IS NOT NULL)",
            name=op.f("ck_snapshot_issued_whole"),
        ),
        sa.ForeignKeyConstraint(["resolution_id"], ["resolution.id"], name=op.f("fk_snapshot_resolution_id")),
        sa.ForeignKeyConstraint(["supersedes"], ["snapshot.id"], name=op.f("fk_snapshot_supersedes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("number", name=op.f("uq_snapshot_number")),
    )
    op.create_index("ix_snapshot_resolution", "snapshot", ["resolution_id", "status"])
    op.create_table(
        "published_snapshot",
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("resolution", sa.Text, nullable=False),
        sa.Column("periods", ARRAY(sa.Text), nullable=False),
        sa.Column("supersedes", ID),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_published_snapshot_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_published_snapshot")),
    )
