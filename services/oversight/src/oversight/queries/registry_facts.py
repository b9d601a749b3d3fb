"""Reads of the registry's facts from the copy in memory: organisations, the work calendar, deadline rules."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from oversight.domain.errors import RuleUnknown
from oversight.domain.reply_clock import PinnedRule
from servicekit.reference import ReferenceBook
from servicekit.working_days import Calendar, DayKind

REFERENCES = ("organisation", "calendar_day", "calendar_year", "deadline_rule")
"""The kinds of facts this service keeps a copy of."""
_KINDS = frozenset(kind.value for kind in DayKind)


def calendar_of(book: ReferenceBook) -> Calendar:
    """Return the work calendar as far as it is known."""
    days: dict[date, DayKind] = {}
    names: dict[date, str] = {}
    for fact in book.all("calendar_day").values():
        if fact["kind"] in _KINDS:
            day = date.fromisoformat(fact["date"])
            days[day], names[day] = DayKind(fact["kind"]), fact["name"]
    confirmed = frozenset(int(fact["year"]) for fact in book.all("calendar_year").values() if fact["confirmed"])
    return Calendar(days, names, confirmed)


def rule_on(book: ReferenceBook, key: str, day: date) -> PinnedRule:
    """Return the newest version of a rule in force on a day. Raises RuleUnknown (503) when none has come yet."""
    in_force = [fact for fact in book.all("deadline_rule").values() if fact["key"] == key and _in_force(fact, day)]
    if not in_force:
        raise RuleUnknown
    return PinnedRule.of(max(in_force, key=lambda fact: int(fact["version"])))


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
