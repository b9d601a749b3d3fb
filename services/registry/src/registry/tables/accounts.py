"""Accounts of people, clients of systems, the roles both hold at organisations, and sessions."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.registry_table import Bytes, Day, Id, Line, OrganisationRef, RegistryTable, Version

Instant = DateTime(timezone=True)


class Account(RegistryTable):
    """A person who signs in; belongs to the organisation whose administrators look after it.

    The name is sealed with the row's id. Who is invited has no password yet, who signs in at a provider none at all.
    `totp_sealed` is the secret of the authenticator app, `totp_pending_sealed` one that waits for its first code; no
    code of a step up to `totp_last_step` is taken again (RFC 6238 §5.2).
    """

    __tablename__ = "account"

    id: Mapped[Id]
    username: Mapped[Line] = mapped_column(unique=True)
    name_sealed: Mapped[Bytes]
    password_hash: Mapped[str | None] = mapped_column(Text)
    status: Mapped[Line]
    organisation_id: Mapped[OrganisationRef]
    created_at: Mapped[datetime] = mapped_column(Instant)
    password_set_at: Mapped[datetime | None] = mapped_column(Instant)
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_pending_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int | None]
    totp_set_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("status IN ('invited', 'active', 'locked')", name="status"),
        Index("ix_account_organisation_id", "organisation_id"),
    )


class ApiClient(RegistryTable):
    """A system that asks for tokens by itself; `kind` "house" is one of our own processes, "system" another system.

    `scopes` are the operations a system may call, by their names in the joined OpenAPI document.
    """

    __tablename__ = "api_client"

    id: Mapped[Id]
    client_id: Mapped[Line] = mapped_column(unique=True)
    name: Mapped[Line]
    kind: Mapped[Line]
    status: Mapped[Line]
    organisation_id: Mapped[OrganisationRef]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("kind IN ('house', 'system')", name="kind"),
        CheckConstraint("status IN ('active', 'revoked')", name="status"),
        Index("ix_api_client_organisation_id", "organisation_id"),
    )


class RoleGrant(RegistryTable):
    """A role held at an organisation for a span of dates; `ended_at` is set when it was taken away early."""

    __tablename__ = "role_grant"

    id: Mapped[Id]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    api_client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client.id"))
    role: Mapped[Line]
    organisation_id: Mapped[OrganisationRef]
    valid_from: Mapped[Day]
    valid_to: Mapped[date | None]
    granted_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("(account_id IS NULL) <> (api_client_id IS NULL)", name="one_holder"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        CheckConstraint("granted_by <> account_id", name="not_to_oneself"),
        ExcludeConstraint(
            (func.coalesce(column("account_id"), column("api_client_id")), "="),
            ("role", "="),
            ("organisation_id", "="),
            (func.daterange(column("valid_from"), column("valid_to"), "[]"), "&&"),
            name="ex_role_grant_once",
            where="ended_at IS NULL",
        ),
        Index("ix_role_grant_account_id", "account_id"),
        Index("ix_role_grant_api_client_id", "api_client_id"),
    )


class AccessCode(RegistryTable):
    """An invitation or recovery code by its hash; good once, until it expires or another one is issued."""

    __tablename__ = "access_code"

    code_hash: Mapped[Bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[Line]
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    replaced_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("purpose IN ('invitation', 'recovery')", name="purpose"),)


class RecoveryCode(RegistryTable):
    """One of the codes that replace a lost authenticator app, by its hash; good once."""

    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    code_hash: Mapped[Bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInSession(RegistryTable):
    """One sign-in of one person; all its refresh tokens end with it. `second_factor`: roles that decide count in it."""

    __tablename__ = "sign_in_session"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(Text)
    second_factor: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (Index("ix_sign_in_session_account_id", "account_id", postgresql_where=text("ended_at IS NULL")),)


class RefreshToken(RegistryTable):
    """A refresh token by its hash; good once. A second use ends the session it belongs to."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[Bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sign_in_session.id", ondelete="CASCADE"), index=True)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInThrottle(RegistryTable):
    """How often somebody tried lately under a name, existing or not, or from an address; either only as an HMAC."""

    __tablename__ = "sign_in_throttle"

    key_hash: Mapped[Bytes] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    window_started_at: Mapped[datetime] = mapped_column(Instant)
    blocks: Mapped[int]
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
