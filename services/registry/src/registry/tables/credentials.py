"""What clients prove themselves with, and the assertions that were used up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.registry_table import Bytes, Id, Line, RegistryTable

Instant = DateTime(timezone=True)


class ApiClientCredential(RegistryTable):
    """A secret (only its HMAC: it is 256 random bits, a slow hash would add nothing) or a public key of a client.

    Good until `expires_at`; None means until it is replaced or ended. `last_used_at` is exact to a minute.
    """

    __tablename__ = "api_client_credential"

    id: Mapped[Id]
    api_client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), index=True)
    kind: Mapped[Line]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    public_key: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint(
            "(kind = 'secret' AND secret_hash IS NOT NULL AND public_key IS NULL)"
            " OR (kind = 'public_key' AND public_key IS NOT NULL AND secret_hash IS NULL)",
            name="kind",
        ),
    )


class ClientAssertion(RegistryTable):
    """A client's assertion that was used (RFC 7523 §3 no. 7); kept until it would have expired anyway."""

    __tablename__ = "client_assertion"

    api_client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), primary_key=True)
    jti_hash: Mapped[Bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
