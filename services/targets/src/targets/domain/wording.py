"""What codes say to people, Vietnamese first."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Texts = Mapping[str, tuple[str, str]]

REPORT_STATUSES: Final[Texts] = MappingProxyType(
    {
        "draft": ("Bản nháp", "Draft"),
        "submitted": ("Đã gửi, chờ thẩm định", "Submitted, waiting to be verified"),
        "returned": ("Đã trả lại để sửa", "Returned for correction"),
        "verified": ("Đã thẩm định, chờ phê duyệt", "Verified, waiting for approval"),
        "approved": ("Đã phê duyệt", "Approved"),
    }
)
PERIOD_STATUSES: Final[Texts] = MappingProxyType(
    {"open": ("Đang nhận báo cáo", "Open for reports"), "closed": ("Đã khóa", "Closed")}
)
JUDGEMENTS: Final[Texts] = MappingProxyType(
    {
        "achieved": ("Đạt", "Achieved"),
        "missed": ("Không đạt", "Missed"),
        "not_assessed": ("Chưa đánh giá được", "Not assessed"),
        "period_ended": ("Mốc của chỉ tiêu đã qua", "The target's own date has passed"),
        "on_track": ("Đang đúng tiến độ", "On track"),
        "at_risk": ("Có nguy cơ không đạt", "At risk"),
    }
)
REASONS: Final[Texts] = MappingProxyType(
    {
        "comparison_holds": ("So sánh với chỉ tiêu cho kết quả đúng.", "The comparison with the target holds."),
        "comparison_fails": ("So sánh với chỉ tiêu cho kết quả sai.", "The comparison with the target fails."),
        "holds_so_far": (
            "Kỳ chưa kết thúc; số liệu đến nay đang đạt.",
            "The period is not over; the figures so far reach the target.",
        ),
        "does_not_hold_yet": (
            "Kỳ chưa kết thúc; số liệu đến nay chưa đạt.",
            "The period is not over; the figures so far do not reach the target.",
        ),
        "no_target": ("Không có chỉ tiêu áp dụng cho kỳ này.", "No target applies to this period."),
        "target_ended": (
            "Mốc thời gian của chỉ tiêu đã qua trước kỳ này; chưa có chỉ tiêu mới được nhập.",
            "The target ended before this period and no newer one was entered.",
        ),
        "no_figure_in_text": (
            "Văn bản không nêu con số và chưa có con số nào được cấu hình.",
            "The text names no figure and none was configured.",
        ),
        "nothing_to_judge": ("Chưa có số liệu được phê duyệt.", "No approved figures yet."),
        "source_not_telling": (
            "Chưa có dịch vụ nào gửi dữ liệu cho chỉ số này; chưa có số liệu không có nghĩa là bằng không.",
            "No service records and tells what this indicator is made of yet; no figures does not mean zero.",
        ),
        "coverage_too_low": (
            "Số đơn vị đã được phê duyệt chưa đủ để đánh giá chung.",
            "Too few units are approved to judge the whole.",
        ),
        "counting_methods_mixed": (
            "Các đơn vị đếm theo hai cách khác nhau (người riêng biệt và lượt hội viên) nên không cộng để đánh giá.",
            "Units counted in two ways (distinct persons and memberships), so the sum is not judged.",
        ),
    }
)
COMPARATORS: Final[Texts] = MappingProxyType(
    {
        ">": ("trên", "more than"),
        ">=": ("từ … trở lên", "at least"),
        "=": ("bằng", "exactly"),
        "<=": ("không quá", "at most"),
        "<": ("dưới", "less than"),
    }
)
