"""What the problems of rows say to people, Vietnamese first; what the entry of one report refuses has its own texts."""

from types import MappingProxyType
from typing import Final

from targets.domain.wording import Texts

PROBLEMS: Final[Texts] = MappingProxyType(
    {
        "cell_missing": ("Ô này còn trống. Hãy điền giá trị.", "This cell is blank. Fill it in."),
        "number_invalid": (
            "Đây không phải là số. Chỉ dùng chữ số và dấu chấm thập phân, ví dụ 12.5.",
            "This is no number. Use digits and a decimal point only, such as 12.5.",
        ),
        "decimal_comma": (
            "Số có dấu phẩy: không rõ là phần thập phân hay phần nghìn. Hãy dùng dấu chấm, hoặc khai decimal=comma.",
            "A comma may mean decimals or thousands. Use a point, or state decimal=comma.",
        ),
        "number_digits": (
            "Số có quá nhiều chữ số (tối đa 18 trước và 10 sau dấu thập phân).",
            "The number has too many digits (18 before and 10 after the decimal point at most).",
        ),
        "number_not_exact": (
            "Số trong ô không chính xác (nhiều hơn 15 chữ số hoặc 10 số thập phân). Hãy nhập dạng văn bản.",
            "The number in the cell is not exact (more than 15 digits or 10 decimals). Enter it as text.",
        ),
        "cell_is_formula": (
            "Ô chứa công thức. Hãy dán lại dưới dạng giá trị.",
            "The cell holds a formula. Paste it again as a value.",
        ),
        "cell_is_date": (
            "Ô chứa ngày tháng. Hãy nhập dạng văn bản, ví dụ 202503.",
            "The cell holds a date. Enter it as text, such as 202503.",
        ),
        "cell_is_boolean": (
            "Ô chứa giá trị đúng/sai. Hãy nhập số hoặc văn bản.",
            "The cell holds true or false. Enter a number or text.",
        ),
        "cell_unreadable": ("Không đọc được ô này.", "This cell cannot be read."),
        "value_twice": (
            "Cùng một số được ghi hai lần. Hãy giữ lại một.",
            "The same number is given twice. Keep one.",
        ),
        "code_invalid": ("Mã không đúng dạng.", "The code is not well formed."),
        "uuid_invalid": (
            "Mã tổ chức phải là UUID 36 ký tự, hoặc để trống và dùng mã đơn vị cùng loại tổ chức.",
            "The organisation's id must be a UUID of 36 characters, or blank with unit code and kind given.",
        ),
        "unit_differs": (
            "Mã đơn vị và loại tổ chức không phải của tổ chức có mã này. Hãy sửa hoặc để trống.",
            "Unit code and kind are not those of the organisation with this id. Correct them or leave them blank.",
        ),
        "method_unknown": (
            "Cách đếm không có trong danh mục.",
            "This way of counting is not on the list.",
        ),
        "text_invalid": (
            "Văn bản quá dài hoặc chứa ký tự không dùng được.",
            "The text is too long or holds a character that cannot be used.",
        ),
        "too_many_cells": (
            "Dòng có nhiều ô hơn tiêu đề. Hãy kiểm tra dấu phân cách và dấu ngoặc kép.",
            "The row has more cells than the header. Check delimiters and quotes.",
        ),
        "row_twice": (
            "Chỉ tiêu, kỳ và tổ chức này có ở nhiều dòng của tệp. Hãy giữ lại một dòng.",
            "This indicator, period and organisation stands in more than one row. Keep one.",
        ),
        "organisation_unknown": (
            "Không có tổ chức này trong phạm vi bạn được nhập số liệu. Hãy kiểm tra lại mã.",
            "There is no such organisation among those you may enter figures for. Check the code.",
        ),
        "unit_not_then": (
            "Không có tổ chức mang mã đơn vị này vào ngày cuối kỳ. Hãy dùng mã của đơn vị khi đó.",
            "No organisation had this unit code on the period's last day. Use the code of that time.",
        ),
        "unit_ambiguous": (
            "Có nhiều tổ chức loại này ở đơn vị đó. Hãy dùng organisation_id.",
            "Several organisations of this kind stand at that unit. Use organisation_id.",
        ),
        "already_submitted": (
            "Báo cáo đã gửi, đã thẩm định hoặc đã phê duyệt nên không nhập đè. Hãy đề nghị trả lại trước.",
            "The report was submitted, verified or approved and is not overwritten. Ask for its return first.",
        ),
        "breakdown_needed": (
            "Báo cáo đã có số liệu phân tổ. Khi sửa tử số hãy ghi cả các cột phân tổ.",
            "The report has a breakdown. When its numerator changes, give the breakdown columns too.",
        ),
    }
)
STATUSES: Final[Texts] = MappingProxyType(
    {
        "success": ("Đã nhập", "Imported"),
        "warning": (
            "Đã nhập các dòng hợp lệ, bỏ qua các dòng lỗi",
            "Valid rows imported, rows with conflicts left out",
        ),
        "refused": ("Không nhập dòng nào", "Nothing imported"),
    }
)
