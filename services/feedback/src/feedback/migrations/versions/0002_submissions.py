"""Submissions, the identity vault, the sender's timeline and photos."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
STATUSES = (
    "'submitted', 'classified', 'accepted', 'refused', 'guided_out', 'assigned', 'answered', 'confirmed', 'disputed'"
)


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("secret_hmac", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("identity_mode", sa.Text, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("front_organisation_id", sa.Uuid, nullable=False),
        sa.Column("holder_organisation_id", sa.Uuid, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        sa.Column("receipt_sealed", sa.LargeBinary, nullable=False),
        sa.Column("consent_purpose", sa.Text, nullable=False),
        sa.Column("consent_text_version", sa.Text, nullable=False),
        sa.Column("status_due_on", sa.Date, nullable=False),
        sa.Column("status_due_provisional", sa.Boolean, nullable=False),
        sa.Column("status_rule_version", sa.Integer, nullable=False),
        sa.Column("accepted_on", sa.Date),
        sa.Column("anchor_on", sa.Date),
        sa.Column("due_on", sa.Date),
        sa.Column("due_provisional", sa.Boolean),
        sa.Column("rule_key", sa.Text),
        sa.Column("rule_version", sa.Integer),
        sa.Column("outcome", sa.Text),
        sa.Column("answered_on", sa.Date),
        sa.Column("case_id", sa.Uuid),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
        sa.UniqueConstraint("code", name="uq_submission_code"),
        sa.UniqueConstraint("secret_hmac", name="uq_submission_secret_hmac"),
        sa.CheckConstraint("version > 0", name=op.f("ck_submission_version_positive")),
        sa.CheckConstraint(f"status IN ({STATUSES})", name=op.f("ck_submission_status_known")),
    )
    op.create_index("ix_submission_front", "submission", ["front_organisation_id", "received_at", "id"])
    op.create_index("ix_submission_holder", "submission", ["holder_organisation_id", "received_at", "id"])
    op.create_index("ix_submission_received", "submission", ["received_at", "id"])

    op.create_table(
        "identity_vault",
        sa.Column("submission_id", sa.Uuid, nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("submission_id", name="pk_identity_vault"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_identity_vault_submission_id", ondelete="CASCADE"
        ),
    )

    op.create_table(
        "submission_line",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("submission_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Uuid),
        sa.Column("code", sa.Text),
        sa.Column("note_sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_submission_line"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_submission_line_submission_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_submission_line_submission", "submission_line", ["submission_id", "version", "at"])

    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("submission_id", sa.Uuid),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("storage_key", sa.Text, nullable=False),
        sa.Column("key_sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.UniqueConstraint("storage_key", name="uq_attachment_storage_key"),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_attachment_submission_id",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_attachment_submission", "attachment", ["submission_id"])
    op.create_index(
        "ix_attachment_unclaimed", "attachment", ["created_at"], postgresql_where=sa.text("submission_id IS NULL")
    )
