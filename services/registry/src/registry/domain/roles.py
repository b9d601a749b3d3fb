"""Roles people and systems hold at organisations, and who may hold which."""

from datetime import date
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
HOUSE_ROLE: Final = "service"
"""The role of the house's own processes; nobody can grant it."""


def is_in_span(day: date, valid_from: date, valid_to: date | None) -> bool:
    """Tell whether a day lies in a span whose both ends are included."""
    return valid_from <= day and (valid_to is None or day <= valid_to)
