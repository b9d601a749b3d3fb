"""The plan of an oversight (kế hoạch giám sát) and the words people read for its parts, forms and triggers."""

from collections.abc import Mapping
from typing import Final

PLAN_PARTS: Final[Mapping[str, str]] = {
    "purpose": "Mục đích, yêu cầu",
    "scope": "Đối tượng, nội dung, phạm vi",
    "members": "Thành phần tham gia",
    "time_and_place": "Thời gian, địa điểm",
    "assignments": "Phân công nhiệm vụ",
    "conditions": "Điều kiện bảo đảm",
}
"""The six parts, code → Vietnamese heading (NQLT 403 Art. 7; domain.md §2.3 form 2)."""

FORM_TEXTS: Final[Mapping[str, str]] = {
    "document_review": "Nghiên cứu, xem xét văn bản",
    "oversight_delegation": "Tổ chức đoàn giám sát",
    "peoples_boards": "Thông qua Ban Thanh tra nhân dân, Ban Giám sát đầu tư của cộng đồng",
    "joint_oversight": "Tham gia giám sát với cơ quan có thẩm quyền",
}
"""The four forms of VFFL Art. 27."""

TRIGGER_TEXTS: Final[Mapping[str, str]] = {
    "annual_programme": "Chương trình giám sát hằng năm",
    "coordination_programme": "Chương trình phối hợp",
    "member_proposal": "Đề nghị của tổ chức thành viên",
    "feedback": "Phản ánh, kiến nghị của Nhân dân",
    "media": "Phản ánh của báo chí",
}
"""The bases to open a case (NQLT 403 Art. 2(1))."""
