"""What reply clocks were before the calendar changed, and the marks from which they are counted again."""

from alembic import op

from servicekit.migrations import create_recounting

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_recounting(op, "oversight")
