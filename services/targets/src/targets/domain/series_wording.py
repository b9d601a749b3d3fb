"""Words for people of the figures of a series, Vietnamese and English, by code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NOTHING_REPORTED: Final = "nothing_reported"
NOT_EXPECTED: Final = "not_expected"
NOT_BEGUN: Final = "did_not_exist_yet"
ENDED: Final = "had_ended"
AFTER_DAY: Final = "after_day"
SHARE_UNKNOWN: Final = "share_unknown"
REASONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        NOTHING_REPORTED: (
            "Đơn vị có trách nhiệm báo cáo nhưng chưa có số liệu được phê duyệt.",
            "A report is expected, and no figure is approved yet.",
        ),
        NOT_EXPECTED: (
            "Kỳ này tổ chức không thuộc diện báo cáo, và bên dưới cũng không có đơn vị nào báo cáo.",
            "No report was expected of this organisation or of anybody below it in this period.",
        ),
        NOT_BEGUN: (
            "Theo danh bạ, tổ chức này chưa có vào ngày cuối kỳ. Số liệu khi đó thuộc các tổ chức được nêu kèm theo.",
            "By the registry it did not stand yet on the last day of the period. Those named had the figures then.",
        ),
        ENDED: (
            "Theo danh bạ, tổ chức này kết thúc trước ngày cuối kỳ. Số liệu từ đó thuộc các tổ chức nêu kèm theo.",
            "By the registry it had ended before the last day of the period. Those named have the figures since.",
        ),
        AFTER_DAY: (
            "Kỳ này kết thúc sau ngày được chọn, nên không quy về các đơn vị của ngày đó được.",
            "This period ends after the day asked about, so it cannot be restated to the units of that day.",
        ),
        SHARE_UNKNOWN: (
            "Một phần số liệu thuộc đơn vị đã chia mà tỷ lệ chia chưa được nhập; không chia đều, không đoán.",
            "Part of the figures is of a unit split by a share nobody entered; it is neither halved nor guessed.",
        ),
    }
)
REMAINDERS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "share_unknown": (
            "Đơn vị đã chia, tỷ lệ chia chưa được nhập: chưa biết phần này thuộc về ai trong các tổ chức được nêu.",
            "The unit was split by a share nobody entered: whose of those named this is, is not known.",
        ),
        "no_successor": ("Không có tổ chức kế tục.", "Nobody took over."),
        "not_listed": (
            "Thuộc tổ chức ở cấp hoặc loại khác, không có trong danh sách này.",
            "Of an organisation of another level or kind, which is not in this list.",
        ),
        "not_passed_on": (
            "Các tỷ lệ chia đã nhập cộng lại chưa đủ toàn bộ.",
            "The shares that were entered make less than the whole.",
        ),
    }
)
"""Why a part of the whole is in no figure of the listed organisations."""
