"""Settings of the oversight service."""

from pydantic import Field

from servicekit.settings import ServiceSettings


class OversightSettings(ServiceSettings):
    """What oversight reads beyond the settings of every service."""

    overdue_check_seconds: int = Field(
        default=60, ge=1, le=3600, description="How often silence past the reply clock is looked for."
    )
