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
GROUPS: Final = {"administrators": frozenset({"administrator"})}
"""What the row-level security asks by."""
CLIENT_ROLES: Final = frozenset({"integrating_system"})
HOUSE_ROLE: Final = "service"
"""The role of the house's own processes; nobody can grant it."""
