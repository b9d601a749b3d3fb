"""What is said beside a field that was refused: a stable code with its Vietnamese and English text."""

from typing import Any, Final, NoReturn, cast

from pydantic_core import PydanticCustomError

# Never holds what the person typed.
FIELD_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "text_blank": ("Mục này không được để trống.", "This field may not be blank."),
    "text_too_long": (
        "Nội dung dài hơn {max_length} ký tự.",
        "The text is longer than {max_length} characters.",
    ),
    "text_too_short": (
        "Nội dung ngắn hơn {min_length} ký tự.",
        "The text is shorter than {min_length} characters.",
    ),
    "text_character": ("Có ký tự điều khiển không được phép.", "A control character is not allowed here."),
    "text_marks": ("Có quá nhiều dấu chồng lên một chữ.", "Too many combining marks on one letter."),
    "text_line": ("Mục này chỉ gồm một dòng.", "This field is a single line."),
    "name_invalid": (
        "Tên phải có chữ cái, không bắt đầu bằng = + - @ và không có ký tự ẩn.",
        "A name has letters, does not start with = + - @ and has no hidden characters.",
    ),
    "code_invalid": ("Mã không đúng định dạng.", "The code does not have the right form."),
    "whole_invalid": ("Cần một số nguyên.", "A whole number is needed."),
    "number_range": ("Số nằm ngoài khoảng cho phép.", "The number is outside the allowed range."),
    "exact_invalid": (
        "Cần một số thập phân, ví dụ 12.5 (dùng dấu chấm).",
        "A decimal number is needed, for example 12.5 (with a point).",
    ),
    "exact_digits": (
        "Số có quá nhiều chữ số (tối đa 18 trước và 10 sau dấu chấm).",
        "The number has too many digits (18 before and 10 after the point at most).",
    ),
    "coordinate_invalid": ("Cần một tọa độ bằng số.", "A coordinate as a number is needed."),
    "instant_invalid": (
        "Cần thời điểm RFC 3339 có múi giờ, ví dụ 2026-11-23T08:00:00+07:00.",
        "An RFC 3339 time with a zone is needed, for example 2026-11-23T08:00:00+07:00.",
    ),
    "legal_date_invalid": (
        "Cần ngày dạng NNNN-TT-NN, ví dụ 2026-11-23.",
        "A date is needed, for example 2026-11-23.",
    ),
    "year_range": ("Năm phải từ 1900 đến 2200.", "The year must be from 1900 to 2200."),
    "uuid_invalid": ("Cần mã UUID.", "A UUID is needed."),
    # Pydantic's own, said in the words of the house.
    "missing": ("Thiếu mục này.", "This field is missing."),
    "extra_forbidden": ("Không có mục này.", "There is no such field."),
    "string_type": ("Cần một chuỗi chữ.", "A text is needed."),
    "string_unicode": ("Có ký tự Unicode bị đứt.", "The text holds a broken Unicode character."),
    "int_type": ("Cần một số nguyên.", "A whole number is needed."),
    "bool_type": ("Cần giá trị true hoặc false.", "true or false is needed."),
    "greater_than_equal": ("Số nhỏ hơn mức cho phép.", "The number is too small."),
    "less_than_equal": ("Số lớn hơn mức cho phép.", "The number is too large."),
    "list_type": ("Cần một danh sách.", "A list is needed."),
    "too_long": ("Danh sách có quá nhiều mục.", "The list has too many items."),
    "too_short": ("Danh sách có quá ít mục.", "The list has too few items."),
    "literal_error": (
        "Giá trị không có trong danh sách cho phép.",
        "The value is not one of the allowed ones.",
    ),
    "enum": ("Giá trị không có trong danh sách cho phép.", "The value is not one of the allowed ones."),
}


def refuse(code: str, **context: int) -> NoReturn:
    """Raise the field error with this code of FIELD_TEXTS; `context` fills the placeholders of its text."""
    raise PydanticCustomError(cast(Any, code), cast(Any, FIELD_TEXTS[code][1]), dict(context))


def field_text(code: str, language: str, context: dict[str, Any] | None = None) -> str | None:
    """Return the text of a field error in "vi" or "en", or None for a code without one."""
    texts = FIELD_TEXTS.get(code)
    if texts is None:
        return None
    text = texts[1] if language == "en" else texts[0]
    return text.format(**context) if context and "{" in text else text
