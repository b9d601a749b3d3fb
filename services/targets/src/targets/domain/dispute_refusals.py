"""Why a dispute over a value is refused, with what to do next."""

from typing import ClassVar

from servicekit.errors import Conflict, DomainError, Invalid, Kind


class NoSuchValue(Invalid):
    """Nothing was reported or computed there, so there is nothing to dispute."""

    code = "no_such_value"
    vi = "Không có số liệu đã gửi cho chỉ tiêu, kỳ và tổ chức này. Hãy kiểm tra lại ba mã."
    en = "No figure was submitted for this indicator, period and organisation. Check the three codes."


class UnknownSubject(Invalid):
    """The house has not been told of what the dispute rests on, or not yet, or it is none of the caller's."""

    code = "unknown_subject"
    vi = "Có phản ánh hoặc kết luận giám sát chưa được biết ở đây. Hãy kiểm tra mã, hoặc thử lại sau ít phút."
    en = "A submission or finding is not known here. Check the ids, or try again in a few minutes."


class TooFewSubmissions(Invalid):
    """One voice is not a cluster; how many make one is a setting."""

    code = "too_few_submissions"
    vi = "Cần ít nhất {minimum} phản ánh cùng nội dung để nêu nghi vấn về số liệu; mới có {given}."
    en = "At least {minimum} submissions of one matter are needed to dispute a figure; {given} were given."


class SubjectOfOtherKind(Invalid):
    """A feedback cluster rests on submissions, an oversight finding on cases or recommendations."""

    code = "subject_of_other_kind"
    vi = "Căn cứ không hợp với loại nghi vấn: nhóm phản ánh dùng mã phản ánh, kết luận giám sát dùng mã hồ sơ."
    en = "The subjects do not fit the kind: a feedback cluster names submissions, a finding names cases."


class ReasonsMissing(Invalid):
    """An answer, and its rejection, say why."""

    code = "reasons_missing"
    vi = "Hãy ghi lý do: vì sao số liệu đúng, đã sửa thế nào, hoặc vì sao chưa chấp nhận giải trình."
    en = "Give the reasons: why the figure stands, how it was corrected, or why the answer is not accepted."


class NoCorrection(Conflict):
    """The answer says that the figure was corrected, and no approved correction is there."""

    code = "no_correction"
    vi = "Chưa có bản báo cáo đã sửa và được phê duyệt mang số này. Hãy sửa số liệu và chờ phê duyệt trước."
    en = "No approved, corrected report has this version. Correct the figure and have it approved first."


class AnswererRaisedIt(DomainError):
    """Whoever raised a dispute does not answer it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "answerer_raised_it"
    vi = "Người nêu nghi vấn không được giải trình chính nghi vấn đó. Hãy nhờ người khác của đơn vị."
    en = "Whoever raised a dispute does not answer it. Ask somebody else of the organisation."


class DeciderAnswered(DomainError):
    """Whoever answered a dispute, or raised it, does not decide on the answer."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "decider_answered"
    vi = "Người giải trình hoặc nêu nghi vấn không được tự quyết định về giải trình. Hãy nhờ đồng nghiệp."
    en = "Whoever answered or raised a dispute does not decide on the answer. Ask a colleague."
