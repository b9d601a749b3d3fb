"""Completeness and timeliness: one rule, said in words with every answer.

Complete is what the unit has handed in and nobody sent back: submitted, verified or approved. A report that was
returned and not submitted again counts as not done, as Thanh Hóa's task monitor counts it. On time is what was handed
in, the last time, by the due day that stood then.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

APPROVED: Final = "approved"
WAITING: Final = "waiting"
RETURNED: Final = "returned"
DRAFT: Final = "draft"
MISSING: Final = "missing"
STATES: Final = (APPROVED, WAITING, RETURNED, DRAFT, MISSING)
COMPLETE: Final = frozenset({APPROVED, WAITING})
_OF_STATUS: Final = {
    "approved": APPROVED,
    "verified": WAITING,
    "submitted": WAITING,
    "returned": RETURNED,
    "draft": DRAFT,
    None: MISSING,
}
RULE_VI: Final = (
    "Đầy đủ: số liệu đã gửi và không bị trả lại (chờ thẩm định, đã thẩm định hoặc đã phê duyệt) trên số phải báo cáo. "
    "Số liệu bị trả lại mà chưa gửi lại thì coi như chưa làm. Đúng hạn: lần gửi gần nhất không muộn hơn hạn có hiệu "
    "lực lúc gửi, tính trên số phải báo cáo. Thiếu không phải là bằng 0."
)
RULE_EN: Final = (
    "Complete: values handed in and not sent back (waiting, verified or approved), of those expected. A value that was "
    "returned and not submitted again counts as not done. On time: handed in, the last time, by the due day that stood "
    "then, of those expected. Missing is not zero."
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one unit owes for one indicator and period."""

    state: str
    on_time: bool | None
    """None while nothing was handed in."""
    overdue: bool
    """Not done, and the due day is over."""


def cell(status: str | None, in_time: bool | None, due_over: bool) -> Cell:
    """Judge one expected report; `in_time` says whether the last submission came by the day it is held to."""
    state = _OF_STATUS[status]
    done = state in COMPLETE
    return Cell(state, in_time if done else None, not done and due_over)


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of several cells."""

    expected: int = 0
    complete: int = 0
    on_time: int = 0
    late: int = 0
    approved: int = 0
    returned: int = 0
    overdue: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return the counts of both."""
        return Tally(
            self.expected + other.expected,
            self.complete + other.complete,
            self.on_time + other.on_time,
            self.late + other.late,
            self.approved + other.approved,
            self.returned + other.returned,
            self.overdue + other.overdue,
        )


def tally(one: Cell, number: int = 1) -> Tally:
    """Count so many equal cells."""
    return Tally(
        expected=number,
        complete=number * (one.state in COMPLETE),
        on_time=number * (one.on_time is True),
        late=number * (one.on_time is False),
        approved=number * (one.state == APPROVED),
        returned=number * (one.state == RETURNED),
        overdue=number * one.overdue,
    )


def total(tallies: Iterable[Tally]) -> Tally:
    """Add counts."""
    return sum(tallies, Tally())
