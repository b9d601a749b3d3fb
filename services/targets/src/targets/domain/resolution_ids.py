"""Ids made from numbers and codes, so that every installation has the same."""

from typing import Final
from uuid import UUID, uuid5

SPACE: Final = UUID("7d3a4c1e-5b0e-5d53-9f0a-08a2d1c7e4b6")
"""Namespace of these ids."""


def resolution_id(number: str) -> UUID:
    """Return the id of the resolution with this number."""
    return uuid5(SPACE, f"resolution:{number}")


def indicator_id(code: str) -> UUID:
    """Return the id of the indicator with this code; a code is used once over all resolutions."""
    return uuid5(SPACE, f"indicator:{code}")


def target_id(code: str, number: int) -> UUID:
    """Return the id of this version of the indicator's target."""
    return uuid5(SPACE, f"target:{code}:{number}")


def term_id(code: str) -> UUID:
    """Return the id the audit knows a term of congress by."""
    return uuid5(SPACE, f"term:{code}")


def form_id(code: str) -> UUID:
    """Return the id of the form with this code."""
    return uuid5(SPACE, f"form:{code}")


def validation_rule_id(code: str) -> UUID:
    """Return the id of the validation rule with this code."""
    return uuid5(SPACE, f"validation_rule:{code}")
