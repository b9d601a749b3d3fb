"""When an account's or client's tokens were last declared no good."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("account", "api_client"):
        op.add_column(table, sa.Column("revoked_at", sa.DateTime(timezone=True)))
        op.create_index(f"ix_{table}_revoked_at", table, ["revoked_at"])
