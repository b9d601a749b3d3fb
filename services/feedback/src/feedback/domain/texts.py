"""Texts for people: what a status means, what each step of the timeline says, who is awaited."""

from typing import Final

STATUSES: Final = {
    "submitted": ("Đã tiếp nhận, chờ phân loại", "Received, waiting to be classified"),
    "classified": ("Đã phân loại", "Classified"),
    "accepted": ("Đã thụ lý", "Accepted for handling"),
    "refused": ("Không thụ lý", "Refused"),
    "guided_out": ("Đã hướng dẫn gửi nơi có thẩm quyền", "Guided to the competent body"),
    "assigned": ("Đang được cơ quan có trách nhiệm giải quyết", "Being handled by the responsible body"),
    "answered": ("Đã trả lời, chờ ý kiến người gửi", "Answered, waiting for the sender's word"),
    "confirmed": ("Người gửi xác nhận đã giải quyết", "Confirmed as solved by the sender"),
    "disputed": ("Người gửi cho biết chưa giải quyết", "Not solved, says the sender"),
}
LINES: Final = {
    "submit": ("Phản ánh đã được tiếp nhận.", "The submission was received."),
    "classify": ("Phản ánh đã được phân loại.", "The submission was classified."),
    "accept": ("Phản ánh được thụ lý.", "The submission was accepted for handling."),
    "refuse": ("Phản ánh không được thụ lý, kèm lý do.", "The submission was refused, with the reason."),
    "guide_out": (
        "Nội dung thuộc thẩm quyền nơi khác, đã hướng dẫn nơi gửi.",
        "Another body is competent; the sender was told where to go.",
    ),
    "assign": ("Đã giao cơ quan có trách nhiệm.", "A responsible body was named."),
    "answer": ("Cơ quan có trách nhiệm đã trả lời.", "The responsible body answered."),
    "confirm": ("Người gửi xác nhận đã giải quyết.", "The sender confirmed that it is solved."),
    "dispute": ("Người gửi cho biết chưa được giải quyết.", "The sender says it is not solved."),
    "reveal_identity": (
        "Danh tính người gửi đã được mở xem theo lý do ghi kèm.",
        "The sender's identity was looked at, for the reason given.",
    ),
    "recount": (
        "Hạn được tính lại vì lịch nghỉ, làm bù thay đổi.",
        "The deadline was counted again because the calendar of days off changed.",
    ),
    "link_to_oversight": ("Đã mở hồ sơ giám sát từ phản ánh này.", "An oversight case was opened from this."),
}
WAITING: Final = {
    "front_committee": ("Chờ Ủy ban MTTQ Việt Nam", "Waiting for the Front committee"),
    "holder": ("Chờ cơ quan được giao trả lời", "Waiting for the body it was assigned to"),
    "sender": ("Chờ ý kiến của người gửi", "Waiting for the sender"),
    "nobody": ("Đã kết thúc", "Ended"),
}
_WAITING_FOR: Final = {
    "submitted": "front_committee",
    "classified": "front_committee",
    "accepted": "front_committee",
    "disputed": "front_committee",
    "assigned": "holder",
    "answered": "sender",
}
RECEIVED: Final = (
    "Đã tiếp nhận. Hãy giữ mã và mật mã: mật mã chỉ hiện một lần và không thể cấp lại.",
    "Received. Keep the code and the secret: the secret is shown once and cannot be given again.",
)


def waiting_for(status: str) -> str:
    """Return who must act next: front_committee, holder, sender or nobody."""
    return _WAITING_FOR.get(status, "nobody")
