"""Settings of the targets service: those every service has, files, the owners of its items, the heads of reviews."""

from pydantic import Field

from servicekit.settings import ServiceSettings


class TargetsSettings(ServiceSettings):
    """Read from the environment and from secret files."""

    files_url: str = Field(pattern=r"^(file:///|s3://).+", description="Where evidence is kept, encrypted.")
    feedback_url: str | None = Field(default=None, pattern=r"^https?://", description="Asked by `refetch` alone.")
    oversight_url: str | None = Field(default=None, pattern=r"^https?://", description="Asked by `refetch` alone.")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$",
        description="Where people reach the gateway: the links in documents begin with it.",
    )
    review_authority: str = Field(
        default="THÀNH ỦY CẦN THƠ / BAN TUYÊN GIÁO VÀ DÂN VẬN",
        max_length=200,
        description="Who issues reviews: the lines at the top left, divided by /.",
    )
    review_motto: str = Field(
        default="ĐẢNG CỘNG SẢN VIỆT NAM",
        max_length=200,
        description="The lines at the top right, divided by /.",
    )
