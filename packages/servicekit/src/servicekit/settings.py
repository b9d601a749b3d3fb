"""Settings come from the environment or from secret files, nowhere else.

A default is allowed here only when it is safe in production; everything secret has none.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS_DIR = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
"""Where secrets are mounted, one file each."""


class SecretSettings(BaseSettings):
    """Reads the environment and the secret files; never shows what it read in an error."""

    model_config = SettingsConfigDict(
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


class ProcessSettings(SecretSettings):
    """What every process of the house reads, the gateway included."""

    deployment: str = Field(pattern=r"^[a-z0-9-]{1,40}$", description="Name of this installation; part of the issuer.")
    service_host: str = "127.0.0.1"
    service_port: int = Field(ge=1, le=65535)
    registry_url: str = Field(pattern=r"^https?://")
    log_format: Literal["json", "pretty"] = "json"
    otlp_endpoint: str | None = None
    client_secret: SecretStr = Field(description="With it this process gets its own tokens from the registry.")
    revocation_seconds: float = Field(
        default=10.0, gt=0, le=20, description="How often the registry is asked whose access was revoked."
    )

    @property
    def issuer(self) -> str:
        """The `iss` of the tokens this installation trusts."""
        return f"nhipcau/{self.deployment}"


class ServiceSettings(ProcessSettings):
    """What every service with a database reads."""

    database_url: SecretStr
    migration_database_url: SecretStr | None = None
    nats_url: SecretStr
    keyring: SecretStr
    index_key: SecretStr
    embed_worker: bool = False
    heartbeat_file: Path | None = Field(default=None, description="Touched by a worker that is well.")
    database_pool: int = Field(default=8, ge=2, le=50)
