"""Ids that follow from what a thing is, so that seeding twice makes nothing twice and every installation agrees.

Only seeded things and things with a natural key have such ids; accounts and grants get random ones.
"""

from datetime import date
from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f0d9a52-3a0c-5c55-9a3e-0c7a5f1b2d84")


def unit_id(code: str, valid_from: date) -> UUID:
    """Return the id of the unit that got this code on this day."""
    return uuid5(NAMESPACE, f"unit/{code}/{valid_from}")


def organisation_id(kind: str, unit: UUID) -> UUID:
    """Return the id of the body of this kind at a unit (not for departments, of which there are many)."""
    return uuid5(NAMESPACE, f"organisation/{kind}/{unit}")


def restructured_id(digest: str, number: int) -> UUID:
    """Return the id of the n-th thing that a restructuring with this content begins; a dry run foretells it."""
    return uuid5(NAMESPACE, f"restructuring/{digest}/{number}")


def succession_id(predecessor: UUID, successor: UUID) -> UUID:
    """Return the id of the succession of one unit or body by another."""
    return uuid5(NAMESPACE, f"succession/{predecessor}/{successor}")


def calendar_day_id(day: date) -> UUID:
    """Return the id of a day of the work calendar."""
    return uuid5(NAMESPACE, f"calendar_day/{day}")


def calendar_year_id(year: int) -> UUID:
    """Return the id of a year of the work calendar."""
    return uuid5(NAMESPACE, f"calendar_year/{year}")


def instrument_id(code: str) -> UUID:
    """Return the id of a legal instrument by its official number."""
    return uuid5(NAMESPACE, f"legal_instrument/{code}")


def provision_id(code: str, article: str, clause: str) -> UUID:
    """Return the id of a provision of the instrument with this number."""
    return uuid5(NAMESPACE, f"legal_provision/{code}/{article}/{clause}")


def rule_id(key: str, rule_version: int) -> UUID:
    """Return the id of one version of a deadline rule."""
    return uuid5(NAMESPACE, f"deadline_rule/{key}/{rule_version}")


def house_client_id(client_id: str) -> UUID:
    """Return the id of the client that one of the house's own processes signs in as."""
    return uuid5(NAMESPACE, f"api_client/{client_id}")


def first_administrator_id(username: str) -> UUID:
    """Return the id of the administrator who exists from the first start."""
    return uuid5(NAMESPACE, f"account/{username}")
