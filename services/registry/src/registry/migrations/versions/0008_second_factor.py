"""Invitations, recovery, one-time codes; sessions know their second factor; tries are counted by address too."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.alter_column("account", "password_hash", nullable=True)
    op.alter_column("account", "password_set_at", nullable=True)
    op.add_column("account", sa.Column("totp_sealed", sa.LargeBinary()))
    op.add_column("account", sa.Column("totp_pending_sealed", sa.LargeBinary()))
    op.add_column("account", sa.Column("totp_last_step", sa.Integer()))
    op.add_column("account", sa.Column("totp_set_at", _INSTANT))
    op.drop_constraint(op.f("ck_account_status"), "account")
    op.create_check_constraint(op.f("ck_account_status"), "account", "status IN ('invited', 'active', 'locked')")
    op.create_table(
        "access_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.Column("replaced_at", _INSTANT),
        sa.CheckConstraint("purpose IN ('invitation', 'recovery')", name=op.f("ck_access_code_purpose")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_code_account_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_access_code")),
    )
    op.create_index(op.f("ix_access_code_account_id"), "access_code", ["account_id"])
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.add_column(
        "sign_in_session", sa.Column("second_factor", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.alter_column("sign_in_throttle", "name_hash", new_column_name="key_hash")
