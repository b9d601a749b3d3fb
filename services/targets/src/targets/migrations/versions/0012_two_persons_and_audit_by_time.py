"""The audit is read by time; nobody decides on the own work."""

from alembic import op

revision = "0012"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The mechanisms of a new database have it already.
    op.execute("CREATE INDEX IF NOT EXISTS ix_audit_entry_at ON audit_entry (at, id)")
    op.create_check_constraint(
        "verified_by_second", "report", "verified_by <> entered_by AND verified_by <> submitted_by"
    )
    op.create_check_constraint(
        "approved_by_third",
        "report",
        "approved_by <> entered_by AND approved_by <> submitted_by AND approved_by <> verified_by",
    )
