"""What the registry reads from the environment; everything secret has no default."""

from pathlib import Path

from pydantic import Field, SecretStr

from servicekit.settings import SECRETS_DIR, ServiceSettings


class RegistrySettings(ServiceSettings):
    """Settings of the registry.

    `signing_key_file` holds the ring of signing keys (`registry.signing`); it is read anew when it changes.
    `client_secrets` is JSON {client_id: secret} of the house's
    own processes, `admin_password` that of the first administrator "quantri", `admin_totp_secret` the secret of that
    one's one-time codes (base32, 160 bits or more).
    """

    signing_key_file: Path = SECRETS_DIR / "signing_key"
    client_secrets: SecretStr
    admin_password: SecretStr
    admin_totp_secret: SecretStr
    session_days: int = Field(default=30, ge=1, le=90, description="A sign-in lasts at most this long.")
    loopback_issuers: bool = Field(
        default=False, description="Identity providers may be http:// on a loopback address: for trials only."
    )
    refresh_hours: int = Field(default=12, ge=1, le=168, description="A refresh token not used this long is dead.")
