"""Roles people and systems hold at organisations, and who may hold which."""

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
CLIENT_ROLES: Final = frozenset({"integrating_system"})
PROVIDER_ROLES: Final = frozenset({"citizen"})
"""What people get by signing in at an identity provider of others; not given by hand, and no more than this: a
provider vouches for who somebody is, not for an office."""
