"""The audit is read by time."""

from alembic import op

revision = "0012"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The mechanisms of a new database have it already.
    op.execute("CREATE INDEX IF NOT EXISTS ix_audit_entry_at ON audit_entry (at, id)")
