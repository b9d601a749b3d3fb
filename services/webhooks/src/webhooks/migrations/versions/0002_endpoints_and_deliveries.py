"""Endpoints, messages, deliveries and attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0002"
down_revision = "0001"

_uuid = UUID(as_uuid=True)
_instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "endpoint",
        sa.Column("id", _uuid, nullable=False),
        sa.Column("owner_organisation_id", _uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("filters", ARRAY(sa.Text), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("old_secret_sealed", sa.LargeBinary),
        sa.Column("old_secret_until", _instant),
        sa.Column("failing_since", _instant),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint"),
        sa.CheckConstraint("status IN ('active', 'disabled', 'deleted')", name="ck_endpoint_status"),
    )
    op.create_index("ix_endpoint_owner_organisation_id", "endpoint", ["owner_organisation_id"])
    op.create_table(
        "message",
        sa.Column("id", _uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", _uuid, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_received_at", "message", ["received_at"])
    op.create_table(
        "delivery",
        sa.Column("id", _uuid, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("endpoint_id", _uuid, nullable=False),
        sa.Column("message_id", _uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", _instant, nullable=False),
        sa.Column("settled_at", _instant),
        sa.Column("resend_of", _uuid),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_delivery_endpoint_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_delivery_message_id"),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="ck_delivery_status"),
    )
    op.create_index("ix_delivery_message_id", "delivery", ["message_id"])
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["endpoint_id", "next_attempt_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "uq_delivery_first",
        "delivery",
        ["endpoint_id", "message_id"],
        unique=True,
        postgresql_where=sa.text("resend_of IS NULL"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("delivery_id", _uuid, nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("status_code", sa.SmallInteger),
        sa.Column("error", sa.Text),
        sa.Column("response_sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_attempt_delivery_id"),
    )
    op.create_index("ix_attempt_delivery_id", "attempt", ["delivery_id"])
