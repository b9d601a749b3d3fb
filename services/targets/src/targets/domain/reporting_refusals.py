"""Why reporting by forms refuses something, each with what to do next."""

from typing import ClassVar

from servicekit.errors import Conflict, DomainError, Invalid, Kind


class BadForm(Invalid):
    """The form does not hold together; `errors` says where."""

    code = "bad_form"
    vi = "Biểu mẫu chưa hợp lệ. Hãy xem lại các mục được nêu."
    en = "The form does not hold together. Check the listed fields."


class FormEmpty(Invalid):
    """No indicator fits the form, so there is nothing to report."""

    code = "form_empty"
    vi = "Không có chỉ tiêu nào thuộc biểu mẫu này cho kỳ đã nêu. Hãy kiểm tra danh sách chỉ tiêu của biểu mẫu."
    en = "No indicator belongs to this form for that period. Check the form's list of indicators."


class WrongFormPeriod(Invalid):
    """The form is for another kind of period."""

    code = "wrong_form_period"
    vi = "Biểu mẫu này dùng cho kỳ loại “{expected}”, không phải “{given}”. Hãy chọn biểu mẫu khác."
    en = "This form is for “{expected}”, not for “{given}”. Choose another form."


class SheetRefused(Invalid):
    """Some values of the sheet are wrong; nothing was stored."""

    code = "sheet_refused"
    vi = "Biểu chưa được lưu vì có số liệu chưa hợp lệ. Hãy sửa các chỉ tiêu được nêu rồi gửi lại cả biểu."
    en = "The sheet was not stored, because some values are not valid. Correct the listed indicators and send it again."


class SheetIncomplete(Invalid):
    """The sheet cannot be submitted yet; `errors` lists what is missing by indicator."""

    code = "sheet_incomplete"
    vi = "Chưa thể gửi biểu: còn chỉ tiêu thiếu hoặc chưa đạt yêu cầu. Hãy bổ sung các mục được nêu."
    en = "The sheet cannot be submitted: something is missing or not as required. Complete the listed indicators."


class EvidenceMissing(Invalid):
    """The indicator's values need evidence."""

    code = "evidence_missing"
    vi = "Chỉ tiêu này phải có minh chứng (tệp hoặc số, ngày văn bản). Hãy đính kèm rồi gửi lại."
    en = "This indicator needs evidence (a file, or a document's number and date). Attach it and submit again."


class OtherLevel(DomainError):
    """It is another level's turn to sign."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "other_level"
    vi = "Báo cáo đang chờ cấp khác ký hoặc đã được cấp của bạn ký. Hãy xem trình tự phê duyệt của biểu mẫu."
    en = "Another level is to sign now, or yours has signed. See the form's order of approval."


class OwnRequest(DomainError):
    """Who asks does not decide."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "own_request"
    vi = "Người đề nghị không được tự quyết định. Hãy nhờ một cán bộ theo dõi khác."
    en = "Whoever asked does not decide. Ask another monitoring officer."


class PeriodNotClosed(Conflict):
    """Only what is closed can be reopened."""

    code = "period_not_closed"
    vi = "Kỳ báo cáo đang mở, không cần đề nghị mở lại. Hãy nhập số liệu trực tiếp."
    en = "The period is open; nothing has to be reopened. Enter the figures directly."


class BadReopening(Invalid):
    """The request names a past day, or units that owe nothing in the period."""

    code = "bad_reopening"
    vi = "Đề nghị mở lại chưa hợp lệ. Hãy xem lại các mục được nêu."
    en = "The request to reopen is not valid. Check the listed fields."


class CorrectionWaiting(Conflict):
    """One correction at a time."""

    code = "correction_waiting"
    vi = "Báo cáo này đã có một đề nghị đính chính đang chờ. Hãy chờ quyết định trước khi gửi đề nghị khác."
    en = "A correction of this report is waiting already. Wait for the decision before asking for another."


class NothingApproved(Conflict):
    """Only an approved report is corrected in this way."""

    code = "nothing_approved"
    vi = "Báo cáo chưa được phê duyệt. Hãy sửa trực tiếp báo cáo thay vì đề nghị đính chính."
    en = "The report is not approved. Correct the report itself instead of asking for a correction."


class AlreadyReminded(Conflict):
    """Once a day is enough."""

    code = "already_reminded"
    vi = "Các đơn vị này đã được nhắc hôm nay, hoặc không còn thiếu gì. Hãy thử lại vào ngày mai."
    en = "These units were reminded today already, or miss nothing. Try again tomorrow."


class NotEvidence(DomainError):
    """The bytes are none of the kinds taken as evidence."""

    kind: ClassVar[Kind] = Kind.UNSUPPORTED
    code = "not_evidence"
    vi = "Tệp không thuộc loại được nhận làm minh chứng. Hãy gửi PDF, DOCX, XLSX, PNG hoặc JPEG."
    en = "This kind of file is not taken as evidence. Send PDF, DOCX, XLSX, PNG or JPEG."


class TooMuchEvidence(Conflict):
    """There is a limit to what one report carries."""

    code = "too_much_evidence"
    vi = "Báo cáo đã có {most} minh chứng. Hãy gỡ bớt trước khi thêm."
    en = "The report carries {most} pieces of evidence already. Remove one before adding another."
