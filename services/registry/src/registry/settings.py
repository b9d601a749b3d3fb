"""What the registry reads from the environment; everything secret has no default."""

from pydantic import Field, SecretStr

from servicekit.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    """Settings of the registry.

    `signing_key` is an Ed25519 private key (PKCS 8 PEM). `retired_signing_keys` holds public keys (PEM, one after the
    other) whose tokens are still good after a rotation. `client_secrets` is JSON {client_id: secret} of the house's
    own processes, `admin_password` that of the first administrator "quantri", `admin_totp_secret` the secret of that
    one's one-time codes (base32, 160 bits or more).
    """

    signing_key: SecretStr
    retired_signing_keys: str = ""
    client_secrets: SecretStr
    admin_password: SecretStr
    admin_totp_secret: SecretStr
    session_days: int = Field(default=30, ge=1, le=90, description="A sign-in lasts at most this long.")
    refresh_hours: int = Field(default=12, ge=1, le=168, description="A refresh token not used this long is dead.")
