"""Feedback items, cases, recommendations and their addressees."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision = "0002"
down_revision = "0001"

_uuid = UUID(as_uuid=True)
_instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "feedback_item",
        sa.Column("submission_id", _uuid, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("front_organisation_id", _uuid, nullable=False),
        sa.Column("unit_id", _uuid, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("holder_organisation_id", _uuid),
        sa.Column("due_on", sa.Date),
        sa.Column("case_id", _uuid),
        sa.PrimaryKeyConstraint("submission_id", name="pk_feedback_item"),
        comment="Read copy of what feedback tells about a submission; never who sent it or what it says.",
    )
    op.create_table(
        "oversight_case",
        sa.Column("id", _uuid, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("sequence", sa.Integer, nullable=False, server_default="1"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("submission_id", _uuid),
        sa.Column("presiding_organisation_id", _uuid, nullable=False),
        sa.Column("object_organisation_ids", ARRAY(_uuid), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("opened_at", _instant, nullable=False),
        sa.Column("opened_by", _uuid, nullable=False),
        sa.Column("reply_rule", JSONB, nullable=False),
        sa.Column("plan", JSONB),
        sa.Column("plan_number", sa.Text),
        sa.Column("plan_date", sa.Date),
        sa.Column("conclusion", sa.Text),
        sa.Column("conclusion_number", sa.Text),
        sa.Column("conclusion_date", sa.Date),
        sa.Column("closed_on", sa.Date),
        sa.PrimaryKeyConstraint("id", name="pk_oversight_case"),
        sa.UniqueConstraint("submission_id", name="uq_oversight_case_submission_id"),
        sa.CheckConstraint(
            "version >= 1 AND sequence >= 1 AND sequence <= version", name=op.f("ck_oversight_case_counters")
        ),
        sa.CheckConstraint(
            "status IN ('opened', 'planned', 'concluded', 'recommended', 'closed')",
            name=op.f("ck_oversight_case_status"),
        ),
        sa.CheckConstraint(
            "(trigger = 'feedback') = (submission_id IS NOT NULL)", name=op.f("ck_oversight_case_trigger")
        ),
    )
    op.create_index("ix_oversight_case_presiding", "oversight_case", ["presiding_organisation_id", "id"])
    op.create_table(
        "recommendation",
        sa.Column("id", _uuid, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("case_id", _uuid, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False, server_default="1"),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("served_on", sa.Date, nullable=False),
        sa.Column("served_at", _instant, nullable=False),
        sa.Column("served_by", _uuid, nullable=False),
        sa.Column("rule", JSONB, nullable=False),
        sa.Column("superior_organisation_id", _uuid),
        sa.PrimaryKeyConstraint("id", name="pk_recommendation"),
        sa.ForeignKeyConstraint(["case_id"], ["oversight_case.id"], name="fk_recommendation_case_id"),
        sa.UniqueConstraint("case_id", "number", name="uq_recommendation_case_id_number"),
    )
    op.create_table(
        "addressee",
        sa.Column("id", _uuid, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("recommendation_id", _uuid, nullable=False),
        sa.Column("organisation_id", _uuid, nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("reply_due_on", sa.Date, nullable=False),
        sa.Column("default_due_on", sa.Date, nullable=False),
        sa.Column("due_provisional", sa.Boolean, nullable=False),
        sa.Column("due_reason", sa.Text),
        sa.Column("acknowledged_on", sa.Date),
        sa.Column("overdue_on", sa.Date),
        sa.Column("disposition", sa.Text),
        sa.Column("reply_text", sa.Text),
        sa.Column("reply_plan", sa.Text),
        sa.Column("reply_reason", sa.Text),
        sa.Column("reply_number", sa.Text),
        sa.Column("replied_on", sa.Date),
        sa.Column("replied_by", _uuid),
        sa.Column("on_time", sa.Boolean),
        sa.Column("result", sa.Text),
        sa.Column("finding", sa.Text),
        sa.Column("evidence", sa.Text),
        sa.Column("verified_on", sa.Date),
        sa.Column("verified_by", _uuid),
        sa.Column("end_reason", sa.Text),
        sa.Column("end_note", sa.Text),
        sa.Column("ended_on", sa.Date),
        sa.PrimaryKeyConstraint("id", name="pk_addressee"),
        sa.ForeignKeyConstraint(["recommendation_id"], ["recommendation.id"], name="fk_addressee_recommendation_id"),
        sa.UniqueConstraint(
            "recommendation_id", "organisation_id", name="uq_addressee_recommendation_id_organisation_id"
        ),
        sa.CheckConstraint(
            "status IN ('served', 'acknowledged', 'overdue', 'replied', 'verified', 'ended')",
            name=op.f("ck_addressee_status"),
        ),
        sa.CheckConstraint("verified_by IS NULL OR verified_by <> replied_by", name=op.f("ck_addressee_four_eyes")),
    )
    op.create_index("ix_addressee_organisation", "addressee", ["organisation_id", "reply_due_on", "id"])
    op.create_index("ix_addressee_due", "addressee", ["reply_due_on", "id"])
    op.create_index(
        "ix_addressee_waiting",
        "addressee",
        ["reply_due_on"],
        postgresql_where=sa.text("status IN ('served', 'acknowledged')"),
    )
