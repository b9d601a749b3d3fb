"""Life of an endpoint: its owner switches it, and silence for five days or "410 Gone" switches it off."""

from servicekit.lifecycle import SYSTEM, Step

ACTIVE, DISABLED, DELETED = "active", "disabled", "deleted"
INITIAL = ACTIVE
OWNERS = frozenset({"integrating_system", "administrator"})
GROUPS = {"owners": OWNERS}
"""What the row-level security asks by."""

STEPS = (
    Step("disable", ACTIVE, DISABLED, by=OWNERS, event="webhooks.endpoint.disabled.v1"),
    Step("give_up", ACTIVE, DISABLED, by={SYSTEM}, event="webhooks.endpoint.disabled.v1"),
    Step("enable", DISABLED, ACTIVE, by=OWNERS, event="webhooks.endpoint.enabled.v1"),
    Step("delete", ACTIVE, DELETED, by=OWNERS, event="webhooks.endpoint.disabled.v1"),
    Step("delete", DISABLED, DELETED, by=OWNERS, event="webhooks.endpoint.disabled.v1"),
)
