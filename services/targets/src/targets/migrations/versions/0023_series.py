"""A series of one organisation is found by an index of its own."""

from alembic import op

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_roll_up_series", "roll_up", ["indicator_id", "organisation_id", "period_kind", "last_day"])
