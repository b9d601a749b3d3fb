"""GEN-04 counts the submissions of its period, as every other indicator from events does; it is no level."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # 0020 took every share for a level, and no request can change this.
    op.execute("UPDATE indicator SET time_aggregation = 'sum' WHERE code = 'GEN-04'")
