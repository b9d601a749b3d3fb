"""Deadline rules as data: which version is in force on a day, how it counts, and how sure we are of it.

Pure: the registry's `deadline_rule` facts come in as mappings, {"key", "version", "amount", "unit", "direction",
"anchor", "basis", "confidence", "valid_from", "valid_to"}.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from servicekit.working_days import Calendar, Direction, Due, Rule, Unit, due

CONFIDENCE_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "confirmed": ("theo quy định", "fixed by law"),
    "unconfirmed": ("chưa đối chiếu được văn bản, cần xác nhận", "not checked against the text yet"),
    "no_legal_figure": (
        "không tìm thấy quy định, mặc định có thể cấu hình",
        "no legal figure was found; a default that can be configured",
    ),
}
"""How sure we are of a rule, in Vietnamese and English; a default is never stated as law."""
PROVISIONAL_NOTE: Final = (
    "Tạm tính: chưa có thông báo nghỉ lễ chính thức của năm liên quan.",
    "Provisional: the official notice of days off for a year involved is not known yet.",
)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of a rule, with its legal basis and how sure we are of it; `valid_to` is the last day.

    A copy pinned to a case is kept without its days: it holds for that case whatever comes later.
    """

    key: str
    version: int
    rule: Rule
    anchor: str
    basis: str | None
    confidence: str
    valid_from: date = date.min
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A rule counted from a day."""

    rule: RuleVersion
    anchor: date
    due: Due


def read_rule(fact: Mapping[str, Any]) -> RuleVersion:
    """Read a `deadline_rule` fact; the days it is valid may be missing, other members are left out."""
    first, last = fact.get("valid_from"), fact.get("valid_to")
    return RuleVersion(
        key=fact["key"],
        version=int(fact["version"]),
        rule=Rule(int(fact["amount"]), Unit(fact["unit"]), Direction(fact["direction"])),
        anchor=fact["anchor"],
        basis=fact["basis"],
        confidence=fact["confidence"],
        valid_from=date.fromisoformat(first) if first else date.min,
        valid_to=date.fromisoformat(last) if last else None,
    )


def rule_on(rules: Iterable[RuleVersion], key: str, day: date) -> RuleVersion | None:
    """Return the newest version of a rule that holds on a day."""
    holding = [
        rule
        for rule in rules
        if rule.key == key and rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to)
    ]
    return max(holding, key=lambda rule: rule.version, default=None)


def rule_version(rules: Iterable[RuleVersion], key: str, version: int) -> RuleVersion | None:
    """Return exactly this version of a rule."""
    return next((rule for rule in rules if rule.key == key and rule.version == version), None)


def count(calendar: Calendar, rule: RuleVersion, anchor: date) -> Counted:
    """Count a rule from a day of Asia/Ho_Chi_Minh."""
    return Counted(rule, anchor, due(calendar, rule.rule, anchor))
