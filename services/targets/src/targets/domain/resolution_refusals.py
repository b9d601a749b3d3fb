"""Why the text of a resolution, its indicators and its targets are refused, each with what to do next."""

from servicekit.errors import Conflict, Invalid


class BadResolution(Invalid):
    """The document breaks a rule; `errors` says at which place and why. Nothing of it is stored."""

    code = "bad_resolution"
    vi = "Nghị quyết chưa nạp được: có {number} chỗ cần sửa, nêu ở dưới. Sửa rồi gửi lại; chưa có gì được lưu."
    en = "The resolution cannot be loaded: {number} places need correcting, listed below. Nothing was stored."


class IncompleteIndicator(Conflict):
    """What an indicator is has to be told before anybody may be asked to report it."""

    code = "incomplete_indicator"
    vi = "Chỉ tiêu còn thiếu thông tin bắt buộc ({missing}). Hãy bổ sung bằng PATCH /indicators/{indicator} rồi mở kỳ."
    en = "The indicator lacks what is required ({missing}). Add it with PATCH /indicators/{indicator}, then open."


class IncompleteIndicators(Conflict):
    """Of a form, too, only what was fully told is asked for; the errors name each indicator and what it lacks."""

    code = "incomplete_indicators"
    vi = (
        "{number} chỉ tiêu của biểu còn thiếu thông tin bắt buộc (xem danh sách)."
        " Hãy bổ sung bằng PATCH /indicators/mã chỉ tiêu rồi mở kỳ."
    )
    en = (
        "{number} indicators of the form lack what is required (see the list)."
        " Add it with PATCH /indicators/code, then open."
    )


class UnknownAnswer(Invalid):
    """The question does not have this answer."""

    code = "unknown_answer"
    vi = "Câu hỏi này không có câu trả lời đó. Các lựa chọn: {known}."
    en = "The question has no such answer. The choices: {known}."


class WordsMissing(Invalid):
    """An answer that is no ready choice needs its words in both languages."""

    code = "answer_words_missing"
    vi = "Câu trả lời này cần diễn giải bằng tiếng Việt (answer_vi) và tiếng Anh (answer_en)."
    en = "This answer needs its words in Vietnamese (answer_vi) and English (answer_en)."


class TargetDateMissing(Invalid):
    """The answer changes judging, so the day from which it counts is needed."""

    code = "valid_from_missing"
    vi = "Câu trả lời này đổi cách đánh giá nên tạo phiên bản chỉ tiêu mới. Hãy ghi ngày bắt đầu hiệu lực (valid_from)."
    en = "This answer changes judging and makes a new target version. Say from which day (valid_from)."


class TargetOverlap(Conflict):
    """Two versions of a target may not be valid on the same day."""

    code = "target_overlap"
    vi = "Phiên bản {number} đã có hiệu lực từ {valid_from} đến {valid_to}. Hãy chọn ngày bắt đầu sau đó."
    en = "Version {number} is valid from {valid_from} to {valid_to}. Choose a later first day."


class JudgedAlready(Conflict):
    """A period that was judged keeps the version that was valid in it."""

    code = "period_judged_already"
    vi = "Kỳ {period} đã được đánh giá theo phiên bản {number}. Hãy chọn ngày bắt đầu sau ngày {last_day}."
    en = "Period {period} was judged by version {number}. Choose a first day after {last_day}."


class BadTarget(Invalid):
    """The target breaks a rule; `errors` says which field and why."""

    code = "bad_target"
    vi = "Chỉ tiêu chưa hợp lệ. Hãy xem lại các mục được nêu."
    en = "The target is not valid. Check the listed fields."


class BadDescription(Invalid):
    """The description does not fit the kind of indicator; `errors` says which field and why."""

    code = "bad_description"
    vi = "Mô tả không hợp với loại chỉ tiêu. Hãy xem lại các mục được nêu."
    en = "The description does not fit this kind of indicator. Check the listed fields."
