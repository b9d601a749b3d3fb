"""Why handing down a target, or entering a population, is refused."""

from servicekit.errors import Invalid


class WrongAllocationMethod(Invalid):
    """Counts are added, rates are weighed."""

    code = "wrong_allocation_method"
    vi = (
        "Cách giao chỉ tiêu không hợp với loại chỉ tiêu. Chỉ tiêu đếm dùng “sum”; chỉ tiêu tỷ lệ dùng “by_population” "
        "hoặc “by_denominator”; chỉ tiêu có/không và xếp loại áp dụng cho từng đơn vị, không chia phần."
    )
    en = (
        "This way of handing down does not fit the indicator. Counts take “sum”, rates “by_population” or "
        "“by_denominator”; yes/no and ratings are asked of each unit and not divided."
    )


class BadAllocation(Invalid):
    """Some lines are wrong; `errors` says which and why, and nothing was stored."""

    code = "bad_allocation"
    vi = "Danh sách giao chỉ tiêu chưa hợp lệ. Hãy xem lại các dòng được nêu; chưa có gì được lưu."
    en = "The list of unit targets is not valid. Check the listed lines; nothing was stored."


class NothingToAllocate(Invalid):
    """The target version has no figure."""

    code = "nothing_to_allocate"
    vi = "Chỉ tiêu này chưa có con số nên chưa giao được cho đơn vị."
    en = "This target has no figure yet, so nothing can be handed down."


class UnknownUnit(Invalid):
    """No organisation here is of this unit."""

    code = "unknown_unit"
    vi = "Không có đơn vị hành chính này trong danh bạ. Hãy kiểm tra lại mã đơn vị."
    en = "The registry has no unit with this id. Check the id."


class PopulationAhead(Invalid):
    """People of a day to come cannot have been counted."""

    code = "population_ahead"
    vi = "Ngày thống kê dân số không được ở tương lai."
    en = "The day of the count lies ahead."
