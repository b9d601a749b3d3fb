"""The clock of a reply: a pinned version of the rule OVS.REPLY, counted on the Vietnamese calendar.

Neither VFFL nor NQLT 403 gives a figure for the reply to a Front recommendation (domain.md §2.5), so the rule's
amount is a configurable default and the presiding body may set a shorter date with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from oversight.domain.errors import ReplyDateNotAllowed
from servicekit.deadlines import RuleVersion, count, read_rule
from servicekit.working_days import Calendar

RULE_KEY: Final = "OVS.REPLY"
_PINNED: Final = ("key", "version", "amount", "unit", "direction", "anchor", "basis", "confidence")


def pin(rule: RuleVersion) -> dict[str, Any]:
    """Return the copy to keep with a case, as plain JSON values, so that a later version changes nothing in it."""
    return {
        "key": rule.key,
        "version": rule.version,
        "amount": rule.rule.amount,
        "unit": rule.rule.unit.value,
        "direction": rule.rule.direction.value,
        "anchor": rule.anchor,
        "basis": rule.basis,
        "confidence": rule.confidence,
    }


def read_pinned(copy: Mapping[str, Any]) -> RuleVersion:
    """Read a pinned copy; members beyond what was pinned are left out."""
    return read_rule({name: copy[name] for name in _PINNED})


@dataclass(frozen=True, slots=True)
class ReplyTerm:
    """When a reply is due: the binding day, the rule's own day, and the presiding body's reason for a shorter one."""

    due_on: date
    default_due_on: date
    provisional: bool
    reason: str | None


def reply_term(
    rule: RuleVersion, calendar: Calendar, received_on: date, chosen_on: date | None, reason: str | None
) -> ReplyTerm:
    """Return the term of one addressee. Raises ReplyDateNotAllowed for a date the presiding body may not set."""
    counted = count(calendar, rule, received_on).due
    if chosen_on is None and reason is None:
        return ReplyTerm(counted.on, counted.on, counted.provisional, None)
    allowed = rule.confidence == "no_legal_figure" and chosen_on is not None and bool(reason)
    if chosen_on is None or not allowed or not received_on <= chosen_on <= counted.on:
        raise ReplyDateNotAllowed(earliest=received_on.isoformat(), latest=counted.on.isoformat())
    return ReplyTerm(chosen_on, counted.on, False, reason)
