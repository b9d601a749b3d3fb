"""Deadline rules and the work calendar as data: which rule is in force on a day, and what a date rests on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from servicekit.working_days import Calendar, DayKind, Direction, Due, Rule, Unit, due

STATUS: Final = "FB.STATUS"
"""Tell the sender what became of it: received + 10 working days (Law on Citizen Reception Art. 28(1))."""
RESOLVE: Final = "FB.RESOLVE"
"""Answer an accepted item; no legal figure was found, so the registry holds a default."""

CONFIDENCE_TEXTS: Final = {
    "confirmed": ("Thời hạn theo văn bản đã dẫn.", "The term is set by the text cited."),
    "unconfirmed": (
        "Chưa đối chiếu được với văn bản gốc; xem như dự kiến, không phải quy định pháp luật.",
        "Not yet checked against the original text; take it as expected, not as law.",
    ),
    "no_legal_figure": (
        "Không tìm thấy con số trong pháp luật; đây là mức do hệ thống cấu hình.",
        "No figure was found in law; this is the configured default.",
    ),
}
ANONYMOUS_NOTE: Final = (
    "Người gửi ẩn danh: pháp luật không buộc trả lời; đây là cam kết của kênh phản ánh.",
    "The sender is anonymous: the law sets no term to answer; this is the channel's own promise.",
)
PROVISIONAL_NOTE: Final = (
    "Tạm tính: chưa có thông báo nghỉ lễ chính thức của năm liên quan.",
    "Provisional: the official notice of days off for a year involved is not known yet.",
)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of a rule, with its legal basis and how sure we are of it; `valid_to` is the last day."""

    key: str
    version: int
    rule: Rule
    basis: str | None
    confidence: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A rule counted from a day."""

    rule: RuleVersion
    anchor: date
    due: Due


def rules_from(facts: Iterable[Mapping[str, Any]]) -> list[RuleVersion]:
    """Read the registry's `deadline_rule` facts of this service."""
    return [
        RuleVersion(
            key=fact["key"],
            version=int(fact["version"]),
            rule=Rule(int(fact["amount"]), Unit(fact["unit"]), Direction(fact["direction"])),
            basis=fact["basis"],
            confidence=fact["confidence"],
            valid_from=date.fromisoformat(fact["valid_from"]),
            valid_to=date.fromisoformat(fact["valid_to"]) if fact["valid_to"] else None,
        )
        for fact in facts
        if fact["key"] in (STATUS, RESOLVE)
    ]


def in_force(rules: Iterable[RuleVersion], key: str, on: date) -> RuleVersion | None:
    """Return the newest version of a rule that holds on a day."""
    holding = [
        rule
        for rule in rules
        if rule.key == key and rule.valid_from <= on and (rule.valid_to is None or on <= rule.valid_to)
    ]
    return max(holding, key=lambda rule: rule.version, default=None)


def calendar_from(days: Iterable[Mapping[str, Any]], years: Iterable[Mapping[str, Any]]) -> Calendar:
    """Read the registry's `calendar_day` and `calendar_year` facts."""
    special = [fact for fact in days if fact["kind"] != "ordinary"]
    return Calendar(
        days={date.fromisoformat(fact["date"]): DayKind(fact["kind"]) for fact in special},
        names={date.fromisoformat(fact["date"]): fact["name"] for fact in special},
        confirmed_years=frozenset(int(fact["year"]) for fact in years if fact["confirmed"]),
    )


def count(calendar: Calendar, rule: RuleVersion, anchor: date) -> Counted:
    """Count a rule from a day of Asia/Ho_Chi_Minh."""
    return Counted(rule, anchor, due(calendar, rule.rule, anchor))
