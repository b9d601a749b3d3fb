"""Settings of the targets service: those every service has, and where the owners of its items are."""

from pydantic import Field

from servicekit.settings import ServiceSettings


class TargetsSettings(ServiceSettings):
    """Read from the environment and from secret files."""

    feedback_url: str | None = Field(default=None, pattern=r"^https?://", description="Asked by `refetch` alone.")
    oversight_url: str | None = Field(default=None, pattern=r"^https?://", description="Asked by `refetch` alone.")
