"""A conclusion may name values of the resolution's indicators that it contradicts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oversight_case", sa.Column("disputed_values", JSONB, nullable=False, server_default=sa.text("'[]'")))
