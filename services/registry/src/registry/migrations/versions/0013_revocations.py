"""Revoked access in a table of its own, by session where one session is meant."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revocation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation")),
        sa.UniqueConstraint(
            "subject_id", "session_id", name=op.f("uq_revocation_whose"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index("ix_revocation_expires_at", "revocation", ["expires_at"])
    op.create_index("ix_revocation_transaction_id", "revocation", ["transaction_id"])
    # Tokens revoked in the last minutes before this upgrade stay revoked.
    for table in ("account", "api_client"):
        op.execute(
            "INSERT INTO revocation (subject_id, revoked_at, reason, expires_at)"
            f" SELECT id, revoked_at, 'logout', revoked_at + interval '12 minutes' FROM {table}"
            " WHERE revoked_at > now() - interval '12 minutes'"
        )
        op.drop_index(f"ix_{table}_revoked_at", table)
        op.drop_column(table, "revoked_at")
        op.drop_column(table, "revocations")
