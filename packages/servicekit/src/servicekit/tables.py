"""Tables of the mechanisms; every service's database has them beside its own."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
_instant = DateTime(timezone=True)

outbox = Table(
    "outbox",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("subject", UUID(as_uuid=True), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("time", _instant, nullable=False),
    Column("visible_at", _instant, nullable=False),
    Column("traceparent", Text),
    Column("data", JSONB, nullable=False),
    Column("published_at", _instant),
    UniqueConstraint("subject", "sequence"),
    Index("ix_outbox_unpublished", "visible_at", "position", postgresql_where=text("published_at IS NULL")),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", UUID(as_uuid=True), primary_key=True),
    Column("applied_at", _instant, nullable=False),
)

inbox_progress = Table(
    "inbox_progress",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("subject", UUID(as_uuid=True), primary_key=True),
    Column("sequence", Integer, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", UUID(as_uuid=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", UUID(as_uuid=True), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("error", Text),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("payload", LargeBinary, nullable=False),
    Column("first_seen_at", _instant, nullable=False),
    Column("parked_at", _instant),
    Column("next_try_at", _instant),
    Index("ix_dead_letter_waiting", "consumer", "source", "subject", "sequence"),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    # In order of writing, but random for an anonymous person: the moment of the act must not stand in the id.
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=text("gen_random_uuid()")),
    Column("at", _instant, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_id", UUID(as_uuid=True), nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", UUID(as_uuid=True)),
    Column("reason", Text),
    Column("details", JSONB, nullable=False),
    Index("ix_audit_entry_subject", "subject_type", "subject_id", "at"),
    Index("ix_audit_entry_at", "at", "id"),
)

audit_unsealed = Table(
    "audit_unsealed",
    metadata,
    Column("entry_id", UUID(as_uuid=True), primary_key=True),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("created_at", _instant, nullable=False, index=True),
    Column("status", SmallInteger),
    Column("answer", LargeBinary),
)

reference = Table(
    "reference",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("path", ARRAY(UUID(as_uuid=True)), nullable=False, server_default="{}"),
    Column("data", JSONB, nullable=False),
    Column("changed_at", _instant, nullable=False),
    Index("ix_reference_path", "path", postgresql_using="gin"),
    Index("ix_reference_changed_at", "changed_at"),
)

reference_source = Table(
    "reference_source",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("complete_at", _instant, nullable=False),
)

recounting = MetaData(naming_convention=NAMING)
"""Tables of `servicekit.recount`; only services that keep deadlines add them to their own."""

recount_mark = Table(
    "recount_mark",
    recounting,
    Column("event_id", UUID(as_uuid=True), primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("cause", JSONB, nullable=False),
    Column("marked_at", _instant, nullable=False),
    Column("next_at", _instant, nullable=False),
    # A pass over all running deadlines: when it began, the last one looked at, whether one had to be left out.
    Column("pass_at", _instant),
    Column("position", UUID(as_uuid=True)),
    Column("missed", Boolean, nullable=False, server_default=text("false")),
)

deadline_change = Table(
    "deadline_change",
    recounting,
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=text("uuidv7()")),
    Column("item_id", UUID(as_uuid=True), nullable=False),
    Column("deadline", Text, nullable=False),
    Column("old_on", Date, nullable=False),
    Column("old_provisional", Boolean, nullable=False),
    Column("new_on", Date, nullable=False),
    Column("new_provisional", Boolean, nullable=False),
    Column("rule_key", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("causes", JSONB, nullable=False),
    Column("changed_at", _instant, nullable=False),
    Index("ix_deadline_change_item_id", "item_id", "changed_at", "id"),
)


def add_recounting(metadata: MetaData) -> None:
    """Make the tables of `servicekit.recount` part of a service's own."""
    for table in recounting.tables.values():
        table.to_metadata(metadata)
