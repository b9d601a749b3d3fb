"""Why a formula is refused, each with what to do next. Positions count characters from 1."""

from servicekit.errors import Invalid


class FormulaSyntax(Invalid):
    """The text is no formula."""

    code = "formula_syntax"
    vi = (
        "Công thức không đọc được tại ký tự {position}. Dùng mã chỉ tiêu (có thể kèm .numerator hoặc .denominator), "
        "số, các dấu + - * / và ngoặc tròn; dấu trừ cần có khoảng trắng ở hai bên."
    )
    en = (
        "The formula cannot be read at character {position}. Use indicator codes (with .numerator or .denominator if "
        "needed), numbers, the signs + - * / and round brackets; a minus needs spaces around it."
    )


class FormulaTooLarge(Invalid):
    """The formula is longer or deeper than anybody could check by hand."""

    code = "formula_too_large"
    vi = "Công thức quá dài hoặc có quá nhiều lớp ngoặc. Hãy tách thành nhiều chỉ tiêu."
    en = "The formula is too long or nested too deeply. Split it into several indicators."


class FormulaUnknownIndicator(Invalid):
    """A term is no indicator."""

    code = "formula_unknown_indicator"
    vi = "Không có chỉ tiêu mang mã ở ký tự {position} của công thức. Xem danh sách chỉ tiêu."
    en = "No indicator has the code at character {position} of the formula. See the list of indicators."


class FormulaCycle(Invalid):
    """An indicator would be computed from itself."""

    code = "formula_cycle"
    vi = "Các công thức tạo thành vòng lặp: {cycle}. Hãy bỏ một mắt xích trong vòng này."
    en = "The formulas form a cycle: {cycle}. Take one link out of it."


class FormulaDividesByZero(Invalid):
    """The divisor is zero whatever the figures are."""

    code = "formula_divides_by_zero"
    vi = "Công thức luôn chia cho 0 tại ký tự {position}. Hãy sửa số chia."
    en = "The formula always divides by zero at character {position}. Correct the divisor."


class FormulaPartMissing(Invalid):
    """A rate needs two formulas, a count one."""

    code = "formula_part_missing"
    vi = "Chỉ tiêu tỷ lệ cần công thức cho cả tử số và mẫu số; chỉ tiêu đếm chỉ có tử số."
    en = "A ratio needs a formula for its numerator and its denominator; a count has a numerator only."


class FormulaPeriodTooShort(Invalid):
    """A year cannot be cut into quarters."""

    code = "formula_period_too_short"
    vi = "Chỉ tiêu ở ký tự {position} chỉ có số liệu theo kỳ dài hơn kỳ của chỉ tiêu này, nên không thể dùng."
    en = "The indicator at character {position} has figures of longer periods only, so it cannot be used here."


class NotAFormulaIndicator(Invalid):
    """Reported and counted figures are not replaced by a formula."""

    code = "not_a_formula_indicator"
    vi = "Chỉ tiêu này lấy số liệu từ báo cáo hoặc sự kiện, không tính bằng công thức."
    en = "This indicator takes its figures from reports or events, not from a formula."


class FormulaWithoutIndicator(Invalid):
    """A formula of numbers alone measures nothing."""

    code = "formula_without_indicator"
    vi = "Công thức phải dùng ít nhất một chỉ tiêu."
    en = "The formula must use at least one indicator."


class DecisionAhead(Invalid):
    """A decision that was not yet taken binds nobody."""

    code = "decision_ahead"
    vi = "Ngày quyết định không được ở tương lai. Hãy kiểm tra lại ngày của văn bản."
    en = "The day of the decision lies ahead. Check the date on the document."
