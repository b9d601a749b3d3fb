"""Identity providers of others, the people they vouch for, and sign-ins on their way there and back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.registry_table import Bytes, Id, Line, OrganisationRef, RegistryTable, Version

Instant = DateTime(timezone=True)


class IdentityProvider(RegistryTable):
    """An OpenID provider people may sign in at; administered by those at or above its organisation.

    `claims` says which claims mean what (`domain.claim_mapping`). Accounts it makes belong to `organisation_id` and
    hold `role` there. `audiences` are those whose tokens may be exchanged; empty means none may.
    `credential_sealed` is our secret there, or our private key (PEM) whose public half is `public_key`.
    """

    __tablename__ = "identity_provider"

    id: Mapped[Id]
    key: Mapped[Line] = mapped_column(unique=True)
    name: Mapped[Line]
    issuer: Mapped[Line] = mapped_column(unique=True)
    client_id: Mapped[Line]
    auth_method: Mapped[Line]
    credential_sealed: Mapped[Bytes]
    public_key: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    audiences: Mapped[list[str]] = mapped_column(ARRAY(Text))
    claims: Mapped[dict[str, Any]] = mapped_column(JSONB)
    organisation_id: Mapped[OrganisationRef]
    role: Mapped[str | None] = mapped_column(Text)
    creates_accounts: Mapped[bool]
    status: Mapped[Line]
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
        CheckConstraint(
            "auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt')", name="auth_method"
        ),
    )


class ForeignIdentity(RegistryTable):
    """A provider's subject and the account it signs in to; the subject only as an HMAC."""

    __tablename__ = "foreign_identity"

    id: Mapped[Id]
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("identity_provider.id"))
    subject_hash: Mapped[Bytes]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    linked_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("provider_id", "subject_hash"), UniqueConstraint("provider_id", "account_id"))


class ForeignSignIn(RegistryTable):
    """A sign-in that was sent to a provider: what must come back, good once and for ten minutes.

    The verifier is the PKCE one (RFC 7636); it never leaves the registry but for the provider's token endpoint.
    """

    __tablename__ = "foreign_sign_in"

    id: Mapped[Id]
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("identity_provider.id"))
    state_hash: Mapped[Bytes] = mapped_column(unique=True)
    nonce_hash: Mapped[bytes] = mapped_column(LargeBinary)
    verifier_sealed: Mapped[Bytes]
    redirect_uri: Mapped[Line]
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
