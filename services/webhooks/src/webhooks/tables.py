"""Rows of the webhooks service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from servicekit.db import TableBase, new_metadata

_instant = DateTime(timezone=True)


class Base(TableBase):
    """Declarative base of this service."""

    __abstract__ = True
    metadata = new_metadata()


class Endpoint(Base):
    """Where another system wants its events; `sequence` counts the events told about it, `version` its changes."""

    __tablename__ = "endpoint"
    __table_args__ = (CheckConstraint("status IN ('active', 'disabled', 'deleted')", name="status"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_organisation_id: Mapped[UUID] = mapped_column(index=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    filters: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None] = mapped_column(_instant)
    failing_since: Mapped[datetime | None] = mapped_column(_instant)
    created_at: Mapped[datetime] = mapped_column(_instant)
    version: Mapped[int]
    sequence: Mapped[int]


class Message(Base):
    """One event as it leaves: the same bytes at every attempt to every endpoint."""

    __tablename__ = "message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    subject: Mapped[UUID]
    sequence: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(_instant, index=True)


class Delivery(Base):
    """One message on its way to one endpoint; `next_attempt_at` is the whole retry state."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
        Index("ix_delivery_due", "endpoint_id", "next_attempt_at", postgresql_where=text("status = 'pending'")),
        Index(
            "uq_delivery_first", "endpoint_id", "message_id", unique=True, postgresql_where=text("resend_of IS NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), index=True)
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(_instant)
    settled_at: Mapped[datetime | None] = mapped_column(_instant)
    resend_of: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")


class Attempt(Base):
    """One try: when, how long, what came back."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("delivery.id"), index=True)
    at: Mapped[datetime] = mapped_column(_instant)
    milliseconds: Mapped[int]
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str | None] = mapped_column(Text)
    response_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
