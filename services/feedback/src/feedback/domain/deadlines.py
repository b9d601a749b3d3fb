"""The deadline rules this service counts by, and what it says of them to the person who sent something."""

from typing import Final

STATUS: Final = "FB.STATUS"
"""Tell the sender what became of it: received + 10 working days (Law on Citizen Reception Art. 28(1))."""
RESOLVE: Final = "FB.RESOLVE"
"""Answer an accepted item; no legal figure was found, so the registry holds a default."""
RUNNING: Final = {"submitted": "status", "classified": "status", "accepted": "answer", "assigned": "answer"}
"""Status → the one deadline that runs in it: to tell what became of it, then to answer. In all others none does."""
RULES: Final = (STATUS, RESOLVE)

CONFIDENCE_SENTENCES: Final = {
    "confirmed": ("Thời hạn theo văn bản đã dẫn.", "The term is set by the text cited."),
    "unconfirmed": (
        "Chưa đối chiếu được với văn bản gốc; xem như dự kiến, không phải quy định pháp luật.",
        "Not yet checked against the original text; take it as expected, not as law.",
    ),
    "no_legal_figure": (
        "Không tìm thấy con số trong pháp luật; đây là mức do hệ thống cấu hình.",
        "No figure was found in law; this is the configured default.",
    ),
}
"""`servicekit.deadlines.CONFIDENCE_TEXTS` as whole sentences, for people who do not read rules."""
ANONYMOUS_NOTE: Final = (
    "Người gửi ẩn danh: pháp luật không buộc trả lời; đây là cam kết của kênh phản ánh.",
    "The sender is anonymous: the law sets no term to answer; this is the channel's own promise.",
)
