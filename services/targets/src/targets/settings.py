"""Settings of the targets service: those every service has, and where it keeps files."""

from pydantic import Field

from servicekit.settings import ServiceSettings


class TargetsSettings(ServiceSettings):
    """Read from the environment and from secret files."""

    files_url: str = Field(pattern=r"^(file:///|s3://).+", description="Where evidence is kept, encrypted.")
