"""The audit is read by time; nobody decides on the own work."""

from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The mechanisms of a new database have it already.
    op.execute("CREATE INDEX IF NOT EXISTS ix_audit_entry_at ON audit_entry (at, id)")
    # Who granted a role to themselves before stays in the audit.
    op.execute("UPDATE role_grant SET granted_by = NULL WHERE granted_by = account_id")
    op.create_check_constraint("not_to_oneself", "role_grant", "granted_by <> account_id")
