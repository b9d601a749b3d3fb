"""The gateway's settings: environment and secret files only."""

import ipaddress
import re
from typing import Annotated

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from servicekit.settings import ProcessSettings

SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")
_ORIGIN = re.compile(r"^https?://[a-z0-9.-]{1,253}(?::[0-9]{1,5})?$")
KIB = 1024
MIB = 1024 * KIB


class GatewaySettings(ProcessSettings):
    """Where the services are, who may be named as host, and how much one caller may ask for.

    `services` (SERVICES, JSON) overrides the single addresses. `rate_limits` (RATE_LIMITS, JSON, for example
    `{"tracking": "30/60"}`) overrides single policies of `gateway.limits`; all workers count together.
    `allowed_origins` (for example `https://gopy.example.vn`) are front-ends that browsers let read our answers.
    `trusted_edges` names the peers (addresses or networks) whose last X-Forwarded-For entry is believed;
    `metrics_peers` those that may read /metrics, and only when they come directly.
    """

    service_port: int = Field(default=8000, ge=1, le=65535)
    targets_url: str | None = Field(default=None, pattern=r"^https?://")
    feedback_url: str | None = Field(default=None, pattern=r"^https?://")
    oversight_url: str | None = Field(default=None, pattern=r"^https?://")
    webhooks_url: str | None = Field(default=None, pattern=r"^https?://")
    services: dict[str, str] = Field(default_factory=dict)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "localhost", "[::1]")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_edges: Annotated[tuple[str, ...], NoDecode] = ()
    metrics_peers: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1/32", "::1/128")
    rate_limits: dict[str, str] = Field(default_factory=dict)
    workers: int = Field(default=1, ge=1, le=64)
    json_limit: int = Field(default=1 * MIB, ge=1 * KIB)
    # A file of 10 MiB arrives inside a multipart envelope, so the whole body may be a little larger.
    upload_limit: int = Field(default=10 * MIB + 64 * KIB, ge=1 * KIB)
    max_requests: int = Field(default=1024, ge=8, description="Requests in progress per worker before shedding.")
    connect_seconds: float = Field(default=2.0, gt=0)
    answer_seconds: float = Field(default=30.0, gt=0, description="Time an upstream may take to answer.")

    @field_validator("allowed_hosts", "allowed_origins", "trusted_edges", "metrics_peers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_edges", "metrics_peers")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            ipaddress.ip_network(item, strict=False)
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any("*" in host or "/" in host for host in value):
            raise ValueError("ALLOWED_HOSTS is a list of exact names; wildcards are not allowed")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.match(origin) for origin in value):
            raise ValueError("ALLOWED_ORIGINS is a list of exact origins like https://gopy.example.vn")
        return value

    @model_validator(mode="after")
    def _known_services(self) -> "GatewaySettings":
        unknown = set(self.services) - set(SERVICES)
        if unknown:
            raise ValueError(f"unknown services: {sorted(unknown)}")
        return self

    def addresses(self) -> dict[str, str]:
        """Return the base URL of every service; those not set live on the house's default ports."""
        single = {
            "registry": self.registry_url,
            "targets": self.targets_url or "http://127.0.0.1:8002",
            "feedback": self.feedback_url or "http://127.0.0.1:8003",
            "oversight": self.oversight_url or "http://127.0.0.1:8004",
            "webhooks": self.webhooks_url or "http://127.0.0.1:8005",
        }
        return {name: self.services.get(name, url).rstrip("/") for name, url in single.items()}
