"""What due days were before the calendar changed, and the day each submitted report is held to."""

import sqlalchemy as sa
from alembic import op

from servicekit.migrations import create_recounting

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_recounting(op, "targets")
    op.add_column("report", sa.Column("held_to", sa.Date))
    op.execute(
        "UPDATE report SET held_to = p.due_on FROM reporting_period p"
        " WHERE p.id = report.period_id AND report.submitted_on IS NOT NULL"
    )
