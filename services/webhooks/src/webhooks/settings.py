"""Settings of the webhooks service."""

from pydantic import Field, SecretStr

from servicekit.settings import ServiceSettings


class WebhooksSettings(ServiceSettings):
    """Adds the signing key and what administrators allow as targets."""

    signing_key: SecretStr
    allowed_targets: str = Field(
        default="", description="comma list of host-or-CIDR[:port] that may be private or http"
    )
    retry_time_scale: float = Field(default=1.0, gt=0, le=1.0, description="shortens the schedule in tests")
