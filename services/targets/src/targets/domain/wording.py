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
REOPENING_STATUSES: Final[Texts] = MappingProxyType(
    {
        "requested": ("Chờ quyết định", "Waiting for a decision"),
        "approved": ("Đã mở lại", "Reopened"),
        "refused": ("Không chấp thuận", "Refused"),
        "relocked": ("Đã khóa lại", "Locked again"),
    }
)
CORRECTION_STATUSES: Final[Texts] = MappingProxyType(
    {
        "requested": ("Chờ thẩm định", "Waiting to be verified"),
        "verified": ("Đã thẩm định, chờ phê duyệt", "Verified, waiting for approval"),
        "approved": ("Đã đính chính", "Corrected"),
        "refused": ("Không chấp thuận", "Refused"),
    }
)
REPORTING_STATES: Final[Texts] = MappingProxyType(
    {
        "approved": ("Đã phê duyệt", "Approved"),
        "waiting": ("Đã gửi, chờ xử lý", "Handed in"),
        "returned": ("Bị trả lại, chưa gửi lại", "Returned, not handed in again"),
        "draft": ("Đang nhập", "Draft"),
        "missing": ("Chưa có số liệu", "Nothing entered"),
    }
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
        "projection_reaches": (
            "Đường xu hướng của các kỳ đến nay đạt chỉ tiêu vào thời hạn.",
            "The trend of the periods so far reaches the target by its date.",
        ),
        "projection_falls_short": (
            "Đường xu hướng của các kỳ đến nay không đạt chỉ tiêu vào thời hạn.",
            "The trend of the periods so far does not reach the target by its date.",
        ),
        "pace_is_enough": (
            "Giữ nhịp độ đến nay thì đạt chỉ tiêu vào thời hạn.",
            "At the pace so far the target is reached by its date.",
        ),
        "pace_too_slow": (
            "Giữ nhịp độ đến nay thì không đạt chỉ tiêu vào thời hạn.",
            "At the pace so far the target is not reached by its date.",
        ),
        "holds_before_due": (
            "Chưa đến thời hạn của chỉ tiêu; số liệu của kỳ đang đạt.",
            "The target's date has not come; the period's figures reach it.",
        ),
        "does_not_hold_before_due": (
            "Chưa đến thời hạn của chỉ tiêu; số liệu của kỳ chưa đạt.",
            "The target's date has not come; the period's figures do not reach it.",
        ),
        "no_distribution": (
            "Chưa đủ số liệu theo từng mức xếp loại để xác định mức ở giữa.",
            "The grades of the single units are not all known, so there is no middle grade.",
        ),
        "population_unknown": (
            "Chưa biết dân số của mọi đơn vị phải báo cáo nên chưa đánh giá theo tỷ lệ dân số.",
            "The population of some expected units is not known, so the share of population covered cannot be judged.",
        ),
        "population_coverage_too_low": (
            "Các đơn vị đã được phê duyệt có quá ít dân số để đánh giá chung.",
            "Too small a share of the population lives in the approved units to judge the whole.",
        ),
        "target_of_longer_period": (
            "Chỉ tiêu đặt ra cho cả kỳ dài hơn; hãy xem kỳ đó, số liệu kỳ này mới là một phần.",
            "The target is for the longer period around this one; see that period, these figures are a part of it.",
        ),
        "no_allocation": (
            "Đơn vị này chưa được giao chỉ tiêu; chỉ tiêu chung không áp dụng cho từng đơn vị.",
            "No target was handed down to this unit, and the whole's target is not meant for single units.",
        ),
    }
)
NO_VALUE: Final[Texts] = MappingProxyType(
    {
        "missing_input": ("Thiếu số liệu của {code}.", "The figures of {code} are missing."),
        "no_denominator": ("{code} không có mẫu số.", "{code} has no denominator."),
        "division_by_zero": ("Phép chia cho 0 tại ký tự {position}.", "Division by zero at character {position}."),
        "zero_denominator": ("Mẫu số tính được bằng 0.", "The computed denominator is zero."),
        "negative": ("Kết quả là số âm.", "The result is negative."),
        "too_large": ("Kết quả quá lớn.", "The result is too large."),
        "above_denominator": ("Tử số tính được lớn hơn mẫu số.", "The computed numerator exceeds the denominator."),
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
