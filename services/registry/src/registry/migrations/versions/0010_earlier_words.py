"""What was said before of calendar days, years, instruments and provisions; versions of provisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from servicekit.migrations import hold_append_only

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "earlier_word",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "version", name=op.f("pk_earlier_word")),
    )
    hold_append_only(op, "registry", "earlier_word")
    op.add_column("legal_provision", sa.Column("valid_from", sa.Date()))
    op.add_column("legal_provision", sa.Column("valid_to", sa.Date()))
    op.add_column("legal_provision", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
