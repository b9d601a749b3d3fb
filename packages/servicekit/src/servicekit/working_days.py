"""Counts deadlines in the days of Việt Nam: weekends, Tết and other holidays, days off in lieu, working Saturdays.

Pure: the calendar comes in as data, because the days off of a year are set by a notice each year and swaps are
announced late (for example Friday 2 January 2026 off, Saturday 10 January 2026 worked).

How days are counted (Civil Code 91/2015/QH13, RECALLED, to be checked against the text before it is shown as law):
- Art 147(2): the first day is not counted, counting starts on the next day.
- Art 148(5): when the last day is a weekend day or a holiday, the term ends at the end of the next working day.
- Art 148(6): the last day ends at 24:00.
A term counted backwards ("at the latest 15 days before the session") ends on exactly that day: rolling it forward
would shorten what the law grants, rolling it back would call somebody late who is not (our reading, INFER).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
_ONE_DAY: Final = timedelta(days=1)
_LONGEST: Final = 40_000  # days; far beyond any rule, so a broken calendar cannot loop for ever
_WEEKDAYS: Final = (
    ("thứ Hai", "Monday"),
    ("thứ Ba", "Tuesday"),
    ("thứ Tư", "Wednesday"),
    ("thứ Năm", "Thursday"),
    ("thứ Sáu", "Friday"),
    ("thứ Bảy", "Saturday"),
    ("Chủ nhật", "Sunday"),
)


class DayKind(StrEnum):
    """What makes a day differ from its place in the week."""

    HOLIDAY = "holiday"
    OFF_IN_LIEU = "off_in_lieu"
    WORKING_SATURDAY = "working_saturday"


class Unit(StrEnum):
    """Working days ("ngày làm việc") or calendar days ("ngày")."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


class Direction(StrEnum):
    """After the anchor, or before it."""

    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The special days, their Vietnamese names, and the years whose official notice is known."""

    days: Mapping[date, DayKind] = field(default_factory=dict)
    names: Mapping[date, str] = field(default_factory=dict)
    confirmed_years: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """How many days, of which unit, in which direction from the anchor day."""

    amount: int
    unit: Unit = Unit.WORKING_DAYS
    direction: Direction = Direction.AFTER

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= _LONGEST // 4:
            raise ValueError("the amount of a deadline rule must be from 0 to 10000 days")
        object.__setattr__(self, "unit", Unit(self.unit))  # plain text from a registry row counts the same
        object.__setattr__(self, "direction", Direction(self.direction))


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which a clock stands still, both ends included; for a pause still running give today as `last`."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class DayNote:
    """One day of an explanation: whether it was counted and why."""

    date: date
    counted: bool
    reason_vi: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Due:
    """The last day, whether it rests on a year without an official notice, and how each day was counted."""

    on: date
    provisional: bool
    days: list[DayNote]


def read_calendar(days: Iterable[Mapping[str, Any]], years: Iterable[Mapping[str, Any]]) -> Calendar:
    """Build a calendar from the registry's public facts.

    `days` are {"date": "YYYY-MM-DD", "kind", "name"}, `years` are {"year": int, "confirmed": bool}. A day that was
    special once and is "ordinary" now is like any other.
    """
    special = [fact for fact in days if fact["kind"] != "ordinary"]
    known = [(date.fromisoformat(fact["date"]), DayKind(fact["kind"]), str(fact["name"])) for fact in special]
    return Calendar(
        days={day: kind for day, kind, _ in known},
        names={day: name for day, _, name in known},
        confirmed_years=frozenset(int(fact["year"]) for fact in years if fact["confirmed"] is True),
    )


def local_date(instant: datetime) -> date:
    """Return the day it is in Asia/Ho_Chi_Minh. Raises ValueError for a time without a zone."""
    if instant.tzinfo is None:
        raise ValueError("a time without a zone has no day")
    return instant.astimezone(ZONE).date()


def end_of_day(day: date) -> datetime:
    """Return 24:00 of a day in Asia/Ho_Chi_Minh, in UTC: the first moment that is too late."""
    return datetime.combine(day + _ONE_DAY, time(), ZONE).astimezone(UTC)


def is_working(calendar: Calendar, day: date) -> bool:
    """Say whether offices work on the day."""
    kind = calendar.days.get(day)
    if kind is None:
        return day.weekday() < 5
    return kind == DayKind.WORKING_SATURDAY


def add_working_days(calendar: Calendar, start: date, amount: int) -> date:
    """Return the working day `amount` working days after `start`, or before it when negative; 0 is `start`."""
    step, left, day = (_ONE_DAY if amount > 0 else -_ONE_DAY), abs(amount), start
    for _ in range(_LONGEST):
        if left == 0:
            return day
        day += step
        left -= is_working(calendar, day)
    raise ValueError("the calendar has too few working days")


def add_calendar_days(calendar: Calendar, start: date, amount: int) -> date:
    """Return the day `amount` days after `start`, moved to the next working day; before it, exactly that day."""
    day = start + timedelta(days=amount)
    return day if amount < 0 else next_working_day(calendar, day)


def next_working_day(calendar: Calendar, day: date) -> date:
    """Return the day itself when offices work on it, else the next one on which they do."""
    return day if is_working(calendar, day) else add_working_days(calendar, day, 1)


def working_days_between(calendar: Calendar, start: date, end: date) -> int:
    """Return how many working days lie after `start` up to and with `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(calendar, end, start)
    return sum(is_working(calendar, start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def due(calendar: Calendar, rule: Rule, anchor: date, pauses: Sequence[Pause] = ()) -> Due:
    """Count a deadline day by day.

    `anchor` is the local day of the event the rule counts from. Paused days are never counted, and a last day
    that falls into a pause or on a day off moves on. A backward term knows no pauses.
    """
    if rule.direction is Direction.BEFORE:
        return _before(calendar, rule, anchor)
    notes = [_start_note(anchor)]
    consulted: set[int] = set()
    left, day = rule.amount, anchor
    while left > 0:
        day += _ONE_DAY
        if len(notes) > _LONGEST:
            raise ValueError("the term never ends: too few days are counted")
        note = _note(calendar, rule.unit, day, pauses)
        if rule.unit is Unit.WORKING_DAYS:
            consulted.add(day.year)
        left -= note.counted
        notes.append(note)
    while True:  # the last day must be one on which something can be done
        consulted.add(day.year)
        if is_working(calendar, day) and not (day > anchor and _is_paused(pauses, day)):
            break
        day += _ONE_DAY
        if len(notes) > _LONGEST:
            raise ValueError("the term never ends: too few working days")
        notes.append(_rolled_note(calendar, day, pauses))
    return Due(day, not consulted <= calendar.confirmed_years, notes)


def _before(calendar: Calendar, rule: Rule, anchor: date) -> Due:
    notes = [_start_note(anchor)]
    consulted: set[int] = set()
    left, day = rule.amount, anchor
    while left > 0:
        day -= _ONE_DAY
        if len(notes) > _LONGEST:
            raise ValueError("the term never ends: too few days are counted")
        if rule.unit is Unit.WORKING_DAYS:
            consulted.add(day.year)
        note = _note(calendar, rule.unit, day, ())
        left -= note.counted
        notes.append(note)
    return Due(day, not consulted <= calendar.confirmed_years, notes)


def _is_paused(pauses: Sequence[Pause], day: date) -> bool:
    return any(pause.first <= day <= pause.last for pause in pauses)


def _start_note(day: date) -> DayNote:
    return DayNote(day, False, "ngày bắt đầu, không tính", "the first day is not counted")


def _note(calendar: Calendar, unit: Unit, day: date, pauses: Sequence[Pause]) -> DayNote:
    if _is_paused(pauses, day):
        return DayNote(day, False, "tạm dừng tính hạn", "the clock was paused")
    vi, en = _describe(calendar, day)
    return DayNote(day, unit is Unit.CALENDAR_DAYS or is_working(calendar, day), vi, en)


def _rolled_note(calendar: Calendar, day: date, pauses: Sequence[Pause]) -> DayNote:
    if _is_paused(pauses, day):
        return DayNote(day, False, "tạm dừng tính hạn", "the clock was paused")
    vi, en = _describe(calendar, day)
    if is_working(calendar, day):
        vi = f"{vi}; hạn rơi vào ngày nghỉ nên chuyển sang ngày này"
        en = f"{en}; the last day was a day off, so the term ends here"
    return DayNote(day, False, vi, en)


def _describe(calendar: Calendar, day: date) -> tuple[str, str]:
    kind, name = calendar.days.get(day), calendar.names.get(day)
    vi, en = _WEEKDAYS[day.weekday()]
    named = f" ({name})" if name else ""
    if kind == DayKind.HOLIDAY:
        return f"{vi}, nghỉ lễ{named}", f"{en}, public holiday{named}"
    if kind == DayKind.OFF_IN_LIEU:
        return f"{vi}, nghỉ bù hoặc hoán đổi{named}", f"{en}, day off in lieu{named}"
    if kind == DayKind.WORKING_SATURDAY:
        return f"{vi}, làm bù{named}", f"{en}, worked to make up for a day off{named}"
    if day.weekday() >= 5:
        return f"{vi}, nghỉ cuối tuần", f"{en}, weekend"
    return f"{vi}, ngày làm việc", f"{en}, working day"
