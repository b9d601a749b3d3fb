"""Settings of the targets service: those every service has."""

from servicekit.settings import ServiceSettings


class TargetsSettings(ServiceSettings):
    """Read from the environment and from secret files."""
