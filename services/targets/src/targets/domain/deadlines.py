"""When a period's reports are due: a rule of the registry counted on the registry's calendar.

The registry's facts come in as mappings; which rule version was used is kept with the period.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from servicekit.errors import Unavailable
from servicekit.working_days import Calendar, DayKind, Direction, Due, Rule, Unit, due

Facts = Mapping[UUID, Mapping[str, Any]]
_SPECIAL: Final = frozenset(kind.value for kind in DayKind)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of a deadline rule with its legal basis and how sure we are of it."""

    key: str
    version: int
    rule: Rule
    basis: str | None
    confidence: str


def calendar_from(days: Facts, years: Facts) -> Calendar:
    """Build the calendar from the registry's special days and the years whose official notice is known."""
    special = {date.fromisoformat(day["date"]): day for day in days.values() if day["kind"] in _SPECIAL}
    return Calendar(
        days={on: DayKind(day["kind"]) for on, day in special.items()},
        names={on: str(day["name"]) for on, day in special.items()},
        confirmed_years=frozenset(int(year["year"]) for year in years.values() if year["confirmed"]),
    )


def rule_on(rules: Iterable[Mapping[str, Any]], key: str, day: date) -> RuleVersion:
    """Return the newest version of a rule valid on a day. Raises Unavailable while the registry told of none."""
    valid = [
        rule
        for rule in rules
        if rule["key"] == key
        and date.fromisoformat(rule["valid_from"]) <= day
        and (rule["valid_to"] is None or day <= date.fromisoformat(rule["valid_to"]))
    ]
    if not valid:
        raise Unavailable
    return _version(max(valid, key=lambda rule: int(rule["version"])))


def rule_version(rules: Iterable[Mapping[str, Any]], key: str, version: int) -> RuleVersion:
    """Return exactly this version of a rule. Raises Unavailable when it is not known here."""
    for rule in rules:
        if rule["key"] == key and int(rule["version"]) == version:
            return _version(rule)
    raise Unavailable


def _version(rule: Mapping[str, Any]) -> RuleVersion:
    return RuleVersion(
        key=rule["key"],
        version=int(rule["version"]),
        rule=Rule(int(rule["amount"]), Unit(rule["unit"]), Direction(rule["direction"])),
        basis=rule["basis"],
        confidence=rule["confidence"],
    )


def reports_due(calendar: Calendar, rule: RuleVersion, last_day: date) -> Due:
    """Count the day by which the reports of a period are due, from its last day."""
    return due(calendar, rule.rule, last_day)
