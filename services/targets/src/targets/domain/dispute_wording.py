"""What the codes of disputes say to people, Vietnamese first."""

from types import MappingProxyType
from typing import Final

from targets.domain.wording import Texts

DISPUTE_STATUSES: Final[Texts] = MappingProxyType(
    {
        "open": ("Đang có nghi vấn, chờ đơn vị giải trình", "Disputed, waiting for the owner's answer"),
        "overdue": ("Có nghi vấn, đơn vị quá hạn giải trình", "Disputed, the owner's answer is overdue"),
        "answered": ("Đơn vị đã giải trình, chờ quyết định", "Answered by the owner, waiting for a decision"),
        "accepted": ("Giải trình được chấp nhận", "The answer was accepted"),
        "rejected": ("Giải trình không được chấp nhận, chờ giải trình lại", "The answer was rejected; another is due"),
        "closed": ("Đã kết thúc", "Closed"),
    }
)
DISPUTE_KINDS: Final[Texts] = MappingProxyType(
    {
        "feedback_cluster": ("Nhóm phản ánh cùng nội dung", "Feedback submissions of one matter"),
        "oversight_finding": ("Kết quả giám sát", "A finding of oversight"),
    }
)
DISPUTE_REASONS: Final[Texts] = MappingProxyType(
    {
        "figure_too_high": ("Số liệu cao hơn thực tế", "The figure is higher than what is found"),
        "figure_too_low": ("Số liệu thấp hơn thực tế", "The figure is lower than what is found"),
        "counted_twice": ("Đếm trùng", "Counted twice"),
        "wrong_population": ("Sai đối tượng được tính", "The wrong population was counted"),
        "no_evidence": ("Không có căn cứ cho số liệu", "Nothing supports the figure"),
        "other": ("Lý do khác", "Another reason"),
    }
)
DISPUTE_ANSWERS: Final[Texts] = MappingProxyType(
    {
        "figure_stands": ("Giữ nguyên số liệu", "The figure stands"),
        "figure_corrected": ("Đã sửa số liệu", "The figure was corrected"),
    }
)


def marked_vi(number: int) -> str:
    """Say that a figure contains disputed values."""
    return f"Có {number} số liệu đang bị nghi vấn, chờ giải trình."


def marked_en(number: int) -> str:
    """Say that a figure contains disputed values."""
    return f"Contains {number} disputed value{'' if number == 1 else 's'}, waiting for an answer."
