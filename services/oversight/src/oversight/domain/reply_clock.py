"""The clock of a reply: a pinned version of the rule OVS.REPLY, counted on the Vietnamese calendar.

Neither VFFL nor NQLT 403 gives a figure for the reply to a Front recommendation (domain.md §2.5), so the rule's
amount is a configurable default and the presiding body may set a shorter date with a reason.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from oversight.domain.errors import ReplyDateNotAllowed
from servicekit.working_days import Calendar, Direction, Due, Rule, Unit, due

RULE_KEY: Final = "OVS.REPLY"
CONFIDENCE_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "confirmed": ("theo quy định", "fixed by law"),
    "unconfirmed": ("chưa đối chiếu được văn bản, cần xác nhận", "not checked against the text yet"),
    "no_legal_figure": (
        "không tìm thấy quy định, mặc định có thể cấu hình",
        "no legal figure was found; a default that can be configured",
    ),
}
"""How sure we are of a rule, in Vietnamese and English (design §3: never stated as law when it is not)."""


@dataclass(frozen=True, slots=True)
class PinnedRule:
    """One version of a deadline rule, kept with the case so that a later version changes nothing in it."""

    key: str
    version: int
    amount: int
    unit: str
    direction: str
    anchor: str
    basis: str | None
    confidence: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "PinnedRule":
        """Read a registry fact or a pinned copy; members beyond ours are left out."""
        return cls(**{name: data[name] for name in cls.__slots__})

    def stored(self) -> dict[str, Any]:
        """Return the copy to keep, as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ReplyTerm:
    """When a reply is due: the binding day, the rule's own day, and the presiding body's reason for a shorter one."""

    due_on: date
    default_due_on: date
    provisional: bool
    reason: str | None


def count(rule: PinnedRule, calendar: Calendar, received_on: date) -> Due:
    """Count the rule from the day the body received the recommendation, day by day."""
    return due(calendar, Rule(rule.amount, Unit(rule.unit), Direction(rule.direction)), received_on)


def reply_term(
    rule: PinnedRule, calendar: Calendar, received_on: date, chosen_on: date | None, reason: str | None
) -> ReplyTerm:
    """Return the term of one addressee. Raises ReplyDateNotAllowed for a date the presiding body may not set."""
    counted = count(rule, calendar, received_on)
    if chosen_on is None and reason is None:
        return ReplyTerm(counted.on, counted.on, counted.provisional, None)
    allowed = rule.confidence == "no_legal_figure" and chosen_on is not None and bool(reason)
    if chosen_on is None or not allowed or not received_on <= chosen_on <= counted.on:
        raise ReplyDateNotAllowed(earliest=received_on.isoformat(), latest=counted.on.isoformat())
    return ReplyTerm(chosen_on, counted.on, False, reason)
