"""What this service reads from its environment beside what every service reads."""

from pydantic import Field, SecretStr

from servicekit.settings import ServiceSettings


class FeedbackSettings(ServiceSettings):
    """Settings of the feedback service."""

    signing_key: SecretStr = Field(description="Ed25519 private key (PEM) that signs receipts.")
    files_url: str = Field(pattern=r"^(file:///|s3://).+", description="Where photos are kept, encrypted.")
    anonymous_event_delay_seconds: int = Field(
        default=90,
        ge=0,
        le=600,
        description="Events of anonymous senders leave after a random wait of up to this long.",
    )
