"""Settings of the targets service: those every service has, where it keeps files, and the owners of its items."""

from pydantic import Field

from servicekit.settings import ServiceSettings


class TargetsSettings(ServiceSettings):
    """Read from the environment and from secret files."""

    files_url: str = Field(pattern=r"^(file:///|s3://).+", description="Where evidence is kept, encrypted.")
    feedback_url: str | None = Field(default=None, pattern=r"^https?://", description="Asked by `refetch` alone.")
    oversight_url: str | None = Field(default=None, pattern=r"^https?://", description="Asked by `refetch` alone.")
