"""Which of the registry's facts are copied here, and what the copy in memory says of organisations."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from servicekit.reference import ReferenceBook

REFERENCES = ("organisation", "calendar_day", "calendar_year", "deadline_rule")
"""The kinds of facts this service keeps a copy of."""


def organisation_on(book: ReferenceBook, organisation: UUID, day: date) -> Mapping[str, Any] | None:
    """Return an organisation that existed on a day, or None."""
    fact = book.get("organisation", organisation)
    return fact if fact is not None and _in_force(fact, day) else None


def superior_of(book: ReferenceBook, organisation: UUID) -> UUID | None:
    """Return the organisation directly above, or None at the top of what is kept here."""
    fact = book.get("organisation", organisation)
    parent = fact["parent_id"] if fact is not None else None
    return UUID(parent) if parent else None


def name_of(book: ReferenceBook, organisation: UUID) -> str | None:
    """Return the name of an organisation, or None when it is not known here."""
    fact = book.get("organisation", organisation)
    return str(fact["name"]) if fact is not None else None


def _in_force(fact: Mapping[str, Any], day: date) -> bool:
    """Say whether a fact holds on a day; `valid_to` is the last day on which it does."""
    ended = fact["valid_to"]
    return date.fromisoformat(fact["valid_from"]) <= day and (ended is None or day <= date.fromisoformat(ended))
