"""The texts of the problems a resolution as data, or a target, can have."""

from types import MappingProxyType
from typing import Final

_TEXTS: Final = MappingProxyType(
    {
        "given_twice": ("“{key}” xuất hiện hai lần.", "“{key}” is given twice."),
        "parent_part_missing": ("Thiếu mục cha “{part}” ở trước.", "The part above, “{part}”, is missing before it."),
        "number_taken": (
            "Nghị quyết số {number} đã có trong hệ thống.",
            "Resolution {number} is in the system already.",
        ),
        "no_indicators": ("Nghị quyết phải có ít nhất một chỉ tiêu.", "The resolution needs at least one indicator."),
        "code_taken": (
            "Mã “{indicator}” đã dùng cho một chỉ tiêu khác. Hãy đặt mã khác, ví dụ thêm tiền tố.",
            "The code “{indicator}” is used by another indicator. Choose another, for example with a prefix.",
        ),
        "under_unknown": (
            "Chỉ tiêu cha “{indicator}” phải đứng trước trong cùng nghị quyết.",
            "The indicator above, “{indicator}”, has to stand before it in the same resolution.",
        ),
        "part_unknown": ("Không có mục “{part}” trong phần parts.", "There is no part “{part}” in parts."),
        "reference_unknown": ("Không có khóa “{key}” trong tài liệu.", "The document has no key “{key}”."),
        "unit_missing": ("Thiếu đơn vị tính.", "The unit is missing."),
        "numerator_missing": (
            "Thiếu mô tả tử số bằng cả hai ngôn ngữ.",
            "The numerator is to be described in both languages.",
        ),
        "denominator_missing": (
            "Chỉ tiêu tỷ lệ cần mô tả mẫu số bằng cả hai ngôn ngữ.",
            "A ratio needs its denominator described in both languages.",
        ),
        "denominator_not_used": ("Loại chỉ tiêu này không có mẫu số.", "This kind of indicator has no denominator."),
        "reporters_missing": ("Thiếu loại tổ chức phải báo cáo.", "The kinds of bodies that report are missing."),
        "reporting_kinds_missing": ("Thiếu loại kỳ báo cáo.", "The kinds of reporting periods are missing."),
        "not_reported": (
            "Chỉ tiêu được tính tự động không mở kỳ báo cáo; hãy để trống.",
            "A computed indicator has no reporting periods; leave this empty.",
        ),
        "formula_missing": ("Chỉ tiêu tính theo công thức cần công thức.", "A formula indicator needs its formula."),
        "formula_not_used": (
            "Chỉ chỉ tiêu có source = formula mới có công thức.",
            "Only an indicator with source = formula has a formula.",
        ),
        "bounds_crossed": ("Cận dưới lớn hơn cận trên.", "The lower bound is above the upper one."),
        "answer_unknown": ("Câu trả lời “{answer}” không có trong lựa chọn.", "The answer “{answer}” is no choice."),
        "answer_contradicts": (
            "Câu trả lời “{answer}” khác với giá trị đang đặt cho {sets}.",
            "The answer “{answer}” differs from what is set for {sets}.",
        ),
        "not_in_text": (
            "Không tìm thấy nguyên văn này trong văn bản nghị quyết.",
            "These words are not in the text of the resolution.",
        ),
        "number_out_of_order": (
            "Phiên bản phải đánh số 1, 2, 3… theo thời gian.",
            "Versions are numbered 1, 2, 3… in the order of time.",
        ),
        "dates_reversed": ("Ngày kết thúc trước ngày bắt đầu.", "It would end before it begins."),
        "versions_overlap": (
            "Hai phiên bản cùng hiệu lực trong một ngày.",
            "Two versions would be valid on the same day.",
        ),
        "percent_out_of_range": ("Tỷ lệ phải từ 0 đến 100.", "A share is from 0 to 100."),
        "negative": ("Số không được âm.", "The number may not be negative."),
        "baseline_incomplete": (
            "Mốc so sánh cần cả giá trị và ngày.",
            "A baseline needs both its value and its day.",
        ),
        "grade_out_of_range": ("Mức xếp loại từ 1 đến 4.", "A grade is from 1 to 4."),
    }
)


def problem(field: str, code: str, **facts: str) -> dict[str, str]:
    """Return one problem with its place and its texts."""
    vi, en = _TEXTS[code]
    return {"field": field, "code": code, "vi": vi.format(**facts), "en": en.format(**facts)}
