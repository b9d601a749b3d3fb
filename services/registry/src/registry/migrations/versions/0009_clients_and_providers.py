"""Several credentials a client, identity providers of others."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _credentials()
    for column in ("password_hash", "password_set_at"):
        op.alter_column("account", column, nullable=True)
    _providers()


def _credentials() -> None:
    op.create_table(
        "api_client_credential",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary()),
        sa.Column("public_key", postgresql.JSONB()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("last_used_at", INSTANT),
        sa.CheckConstraint(
            "(kind = 'secret' AND secret_hash IS NOT NULL AND public_key IS NULL)"
            " OR (kind = 'public_key' AND public_key IS NOT NULL AND secret_hash IS NULL)",
            name=op.f("ck_api_client_credential_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["api_client_id"], ["api_client.id"], name=op.f("fk_api_client_credential_api_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_client_credential")),
    )
    op.create_index("ix_api_client_credential_api_client_id", "api_client_credential", ["api_client_id"])
    # The client's own id: the house's clients find their credential again by it at every start.
    op.execute(
        "INSERT INTO api_client_credential (id, api_client_id, kind, secret_hash, created_at)"
        " SELECT id, id, 'secret', secret_hash, secret_set_at FROM api_client"
    )
    op.drop_column("api_client", "secret_hash")
    op.drop_column("api_client", "secret_set_at")
    op.create_table(
        "client_assertion",
        sa.Column("api_client_id", sa.Uuid(), nullable=False),
        sa.Column("jti_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["api_client_id"], ["api_client.id"], name=op.f("fk_client_assertion_api_client_id")),
        sa.PrimaryKeyConstraint("api_client_id", "jti_hash", name=op.f("pk_client_assertion")),
    )
    op.create_index("ix_client_assertion_expires_at", "client_assertion", ["expires_at"])


def _providers() -> None:
    op.create_table(
        "identity_provider",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("auth_method", sa.Text(), nullable=False),
        sa.Column("credential_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", postgresql.JSONB()),
        sa.Column("redirect_uris", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("audiences", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("claims", postgresql.JSONB(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text()),
        sa.Column("creates_accounts", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("status IN ('active', 'disabled')", name=op.f("ck_identity_provider_status")),
        sa.CheckConstraint(
            "auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt')",
            name=op.f("ck_identity_provider_auth_method"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_identity_provider_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_provider")),
        sa.UniqueConstraint("key", name=op.f("uq_identity_provider_key")),
        sa.UniqueConstraint("issuer", name=op.f("uq_identity_provider_issuer")),
    )
    op.create_table(
        "foreign_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("linked_by", sa.Uuid()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["identity_provider.id"], name=op.f("fk_foreign_identity_provider_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_foreign_identity_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_identity")),
        sa.UniqueConstraint("provider_id", "subject_hash", name=op.f("uq_foreign_identity_provider_id_subject_hash")),
        sa.UniqueConstraint("provider_id", "account_id", name=op.f("uq_foreign_identity_provider_id_account_id")),
    )
    op.create_index("ix_foreign_identity_account_id", "foreign_identity", ["account_id"])
    op.create_table(
        "foreign_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce_hash", sa.LargeBinary(), nullable=False),
        sa.Column("verifier_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["identity_provider.id"], name=op.f("fk_foreign_sign_in_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_sign_in")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_foreign_sign_in_state_hash")),
    )
    op.create_index("ix_foreign_sign_in_expires_at", "foreign_sign_in", ["expires_at"])
