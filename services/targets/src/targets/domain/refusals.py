"""Why the targets service refuses something, each with what to do next."""

from typing import ClassVar

from servicekit.errors import Conflict, DomainError, Invalid, Kind


class UnknownPeriod(Invalid):
    """The text is no period code."""

    code = "unknown_period"
    vi = (
        "Mã kỳ không đúng. Dùng 2025 (năm), 2025S1 (sáu tháng), 2025Q1 (quý), 202503 (tháng), 20251231 (tính đến ngày)"
        " hoặc mã nhiệm kỳ đã có trong danh mục, ví dụ 2020T2025."
    )
    en = (
        "This is no period code. Use 2025 (year), 2025S1 (half-year), 2025Q1 (quarter), 202503 (month), 20251231 (as at"
        " a day) or the code of a listed term of congress, for example 2020T2025."
    )


class WrongPeriodKind(Invalid):
    """The indicator is reported by another kind of period."""

    code = "wrong_period_kind"
    vi = "Chỉ tiêu này báo cáo theo kỳ loại “{expected}”, không phải “{given}”."
    en = "This indicator is reported by “{expected}”, not by “{given}”."


class PeriodNotBegun(Invalid):
    """Results of a period that lies ahead do not exist."""

    code = "period_not_begun"
    vi = "Kỳ này bắt đầu ngày {first_day}, chưa thể mở báo cáo."
    en = "This period begins on {first_day}; reporting cannot be opened yet."


class PeriodBeforeIndicator(Invalid):
    """The period ended before the resolution was issued."""

    code = "period_before_indicator"
    vi = "Kỳ này kết thúc trước ngày chỉ tiêu được ban hành ({issued_on})."
    en = "This period ended before the indicator was issued ({issued_on})."


class PeriodNotOpened(Invalid):
    """Nobody opened reporting for this indicator and period."""

    code = "period_not_opened"
    vi = "Kỳ báo cáo này chưa được mở cho chỉ tiêu. Hãy liên hệ cơ quan theo dõi nghị quyết."
    en = "Reporting for this indicator and period was not opened. Ask the monitoring board."


class PeriodClosed(Conflict):
    """The period is closed; nothing in it changes."""

    code = "period_closed"
    vi = "Kỳ báo cáo đã khóa. Hãy đề nghị cơ quan theo dõi mở lại trước khi thay đổi."
    en = "The reporting period is closed. Ask the monitoring board to reopen it before changing anything."


class ComputedIndicator(Invalid):
    """The figures come from events, nobody reports them."""

    code = "computed_indicator"
    vi = "Chỉ tiêu này được tính từ dữ liệu tiếp nhận phản ánh, không nhận báo cáo nhập tay."
    en = "This indicator is computed from the feedback channel; it takes no reports."


class UnknownIndicator(Invalid):
    """No indicator has this code."""

    code = "unknown_indicator"
    vi = "Không có chỉ tiêu mang mã này. Xem danh sách chỉ tiêu."
    en = "No indicator has this code. See the list of indicators."


class UnknownOrganisation(Invalid):
    """No organisation has this id."""

    code = "unknown_organisation"
    vi = "Không có tổ chức mang mã này trong danh bạ. Hãy kiểm tra lại mã tổ chức."
    en = "The registry has no organisation with this id. Check the id."


class OrganisationNotValid(Invalid):
    """The organisation did not exist on the last day of the period; `errors` names who stood for it then."""

    code = "organisation_not_valid_in_period"
    vi = "Tổ chức này không tồn tại vào ngày cuối kỳ ({last_day}). Hãy báo cáo cho tổ chức được nêu kèm theo."
    en = "This organisation did not exist on the last day of the period ({last_day}). Report for the one named."


class OrganisationNotExpected(Invalid):
    """Organisations of this kind do not report this indicator."""

    code = "organisation_not_expected"
    vi = "Tổ chức này không thuộc diện phải báo cáo chỉ tiêu trong kỳ."
    en = "This organisation does not report this indicator in this period."


class SamePerson(DomainError):
    """Two persons are needed, and this is one."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "same_person"
    vi = "Người nhập, người thẩm định và người phê duyệt phải khác nhau. Hãy nhờ đồng nghiệp chưa tham gia báo cáo này."
    en = "Who enters, verifies and approves must be three persons. Ask a colleague who had no hand in this report."


class ReasonMissing(Invalid):
    """A return without a reason helps nobody."""

    code = "reason_missing"
    vi = "Hãy ghi lý do trả lại để đơn vị biết cần sửa gì."
    en = "Give the reason of the return, so that the unit knows what to correct."


class BadFigures(Invalid):
    """The figures break a rule; `errors` says which field and why."""

    code = "bad_figures"
    vi = "Số liệu chưa hợp lệ. Hãy xem lại các mục được nêu."
    en = "The figures are not valid. Check the listed fields."


class NothingToChange(Invalid):
    """The change names no field."""

    code = "nothing_to_change"
    vi = "Không có mục nào để sửa. Hãy gửi ít nhất một mục."
    en = "There is nothing to change. Send at least one field."


class RuleBroken(Invalid):
    """The figures break a validation rule; `errors` says which and why."""

    code = "rule_broken"
    vi = "Số liệu trái với quy tắc kiểm tra. Hãy xem lại các mục được nêu."
    en = "The figures break a validation rule. Check the listed items."


class WarningsUnanswered(Conflict):
    """A validation rule warned of the figures and the note says nothing about it."""

    code = "warnings_unanswered"
    vi = "Số liệu có cảnh báo. Hãy giải thích trong ghi chú của báo cáo trước khi gửi."
    en = "The figures carry warnings. Explain them in the report's note before submitting."


class RuleIncomplete(Invalid):
    """A rule compares with one thing: another term, or a constant; and it ends after it began."""

    code = "rule_incomplete"
    vi = "Quy tắc phải so với một vế phải hoặc một hằng số, không cả hai; ngày hết hiệu lực không trước ngày bắt đầu."
    en = "A rule compares with a right side or with a constant, not both; and it may not end before it began."
