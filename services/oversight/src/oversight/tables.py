"""All tables of oversight. `version` counts every change (ETag); `sequence` counts the events told, without gaps."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from servicekit.db import new_metadata
from servicekit.tables import add_recounting

metadata = new_metadata()
add_recounting(metadata)
_uuid = UUID(as_uuid=True)
_instant = DateTime(timezone=True)

feedback_item = Table(
    "feedback_item",
    metadata,
    Column("submission_id", _uuid, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("front_organisation_id", _uuid, nullable=False),
    Column("unit_id", _uuid, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("kind", Text),
    Column("holder_organisation_id", _uuid),
    Column("due_on", Date),
    Column("case_id", _uuid),
    comment="Read copy of what feedback tells about a submission; never who sent it or what it says.",
)

oversight_case = Table(
    "oversight_case",
    metadata,
    Column("id", _uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("sequence", Integer, nullable=False, server_default="1"),
    Column("status", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("submission_id", _uuid, unique=True),
    Column("presiding_organisation_id", _uuid, nullable=False),
    Column("object_organisation_ids", ARRAY(_uuid), nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("opened_at", _instant, nullable=False),
    Column("opened_by", _uuid, nullable=False),
    Column("reply_rule", JSONB, nullable=False),
    Column("plan", JSONB),
    Column("plan_number", Text),
    Column("plan_date", Date),
    Column("conclusion", Text),
    Column("conclusion_number", Text),
    Column("conclusion_date", Date),
    Column("closed_on", Date),
    CheckConstraint("version >= 1 AND sequence >= 1 AND sequence <= version", name="counters"),
    CheckConstraint("status IN ('opened', 'planned', 'concluded', 'recommended', 'closed')", name="status"),
    CheckConstraint("(trigger = 'feedback') = (submission_id IS NOT NULL)", name="trigger"),
    Index("ix_oversight_case_presiding", "presiding_organisation_id", "id"),
)

recommendation = Table(
    "recommendation",
    metadata,
    Column("id", _uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("case_id", _uuid, ForeignKey("oversight_case.id"), nullable=False),
    Column("sequence", Integer, nullable=False, server_default="1"),
    Column("number", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("served_on", Date, nullable=False),
    Column("served_at", _instant, nullable=False),
    Column("served_by", _uuid, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("superior_organisation_id", _uuid),
    UniqueConstraint("case_id", "number"),
)

addressee = Table(
    "addressee",
    metadata,
    Column("id", _uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("recommendation_id", _uuid, ForeignKey("recommendation.id"), nullable=False),
    Column("organisation_id", _uuid, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("received_on", Date, nullable=False),
    Column("reply_due_on", Date, nullable=False),
    Column("default_due_on", Date, nullable=False),
    Column("due_provisional", Boolean, nullable=False),
    Column("due_reason", Text),
    Column("acknowledged_on", Date),
    Column("overdue_on", Date),
    Column("disposition", Text),
    Column("reply_text", Text),
    Column("reply_plan", Text),
    Column("reply_reason", Text),
    Column("reply_number", Text),
    Column("replied_on", Date),
    Column("replied_by", _uuid),
    Column("on_time", Boolean),
    Column("result", Text),
    Column("finding", Text),
    Column("evidence", Text),
    Column("verified_on", Date),
    Column("verified_by", _uuid),
    Column("end_reason", Text),
    Column("end_note", Text),
    Column("ended_on", Date),
    Column("ended_by", _uuid),
    UniqueConstraint("recommendation_id", "organisation_id"),
    CheckConstraint("status IN ('served', 'acknowledged', 'overdue', 'replied', 'verified', 'ended')", name="status"),
    CheckConstraint("verified_by IS NULL OR verified_by <> replied_by", name="four_eyes"),
    CheckConstraint("ended_by <> replied_by", name="ended_by_another"),
    Index("ix_addressee_organisation", "organisation_id", "reply_due_on", "id"),
    Index("ix_addressee_due", "reply_due_on", "id"),
    Index(
        "ix_addressee_waiting",
        "reply_due_on",
        postgresql_where=text("status IN ('served', 'acknowledged')"),
    ),
)
