"""Facts the webhooks service tells about its endpoints."""

from typing import Literal

from contracts.envelope import Fact


class EndpointDisabled(Fact):
    """Deliveries to an endpoint stopped."""

    reason: Literal["gone", "failing", "owner"]


class EndpointEnabled(Fact):
    """Deliveries to an endpoint began or began again."""
