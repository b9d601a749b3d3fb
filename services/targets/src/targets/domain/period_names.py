"""What a period is called, in both languages."""

from typing import Final

from targets.domain.periods import Period, PeriodKind

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ROMAN: Final = ("I", "II", "III", "IV")
_HALVES: Final = {1: ("6 tháng đầu", "First half"), 2: ("6 tháng cuối", "Second half")}


def name_of(period: Period) -> tuple[str, str]:
    """Return the name of a period in Vietnamese and English."""
    first = period.first_day
    match period.kind:
        case PeriodKind.MONTH:
            return f"Tháng {first.month} năm {first.year}", f"{_MONTHS[first.month - 1]} {first.year}"
        case PeriodKind.QUARTER:
            number = (first.month + 2) // 3
            return f"Quý {_ROMAN[number - 1]} năm {first.year}", f"Quarter {number} of {first.year}"
        case PeriodKind.HALF:
            vi, en = _HALVES[1 if first.month == 1 else 2]
            return f"{vi} năm {first.year}", f"{en} of {first.year}"
        case PeriodKind.YEAR:
            return f"Năm {first.year}", f"Year {first.year}"
        case PeriodKind.TERM:
            begun, _, ended = period.code.partition("T")
            return f"Nhiệm kỳ {begun} - {ended}", f"Term {begun}–{ended}"
        case PeriodKind.DATE:
            vi = f"Tính đến ngày {first.day:02d}/{first.month:02d}/{first.year}"
            return vi, f"As at {first.day} {_MONTHS[first.month - 1]} {first.year}"
