"""Roles people and systems hold at organisations, who may hold which, and which need a second factor."""

from collections.abc import Mapping
from typing import Final

PERSON_ROLES: Final = frozenset(
    {
        "administrator",
        "auditor",
        "intake_officer",
        "handler",
        "front_officer",
        "head",
        "monitoring_officer",
        "reporter",
        "verifier",
        "approver",
        "data_protection_officer",
    }
)
GROUPS: Final = {"administrators": frozenset({"administrator"})}
"""What the row-level security asks by."""
CLIENT_ROLES: Final = frozenset({"integrating_system"})
DECIDING: Final[Mapping[str, str]] = {
    "administrator": "gives roles and lets people back in",
    "head": "refuses a submission, answers for the body, reveals a sender",
    "front_officer": "opens and concludes oversight cases, verifies replies, reveals a sender",
    "verifier": "confirms a reported figure",
    "approver": "makes a figure count",
    "monitoring_officer": "opens and closes the periods in which figures count",
    "data_protection_officer": "reveals a sender",
}
"""Roles that decide, and why: they count only in a session that began with a second factor (design §5)."""

PROVIDER_ROLES: Final = frozenset({"citizen"})
"""What people get by signing in at an identity provider of others; not given by hand, and no more than this: a
provider vouches for who somebody is, not for an office."""
