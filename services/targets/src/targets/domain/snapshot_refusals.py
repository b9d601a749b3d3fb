"""Why a snapshot cannot be made, issued or shown, each with what to do next."""

from typing import ClassVar

from servicekit.errors import DomainError, Invalid, Kind


class MakerDoesNotIssue(DomainError):
    """Two persons are needed, and this is one."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "maker_does_not_issue"
    vi = "Người lập bản chốt số liệu không được tự ban hành. Hãy nhờ một người phê duyệt khác của cơ quan theo dõi."
    en = "Who made the snapshot does not issue it. Ask another approver of the monitoring board."


class UnknownResolution(Invalid):
    """No resolution has this number."""

    code = "unknown_resolution"
    vi = "Không có nghị quyết mang số này trong hệ thống. Xem danh sách nghị quyết."
    en = "No resolution has this number here. See the list of resolutions."


class UnknownSnapshot(Invalid):
    """The snapshot named in the body or query is not there, or of another resolution, or not issued."""

    code = "unknown_snapshot"
    vi = "Bản chốt số liệu được nêu không có, chưa ban hành hoặc thuộc nghị quyết khác. Xem danh sách bản chốt số liệu."
    en = "The snapshot named is not there, not issued, or of another resolution. See the list of snapshots."


class NothingToFreeze(Invalid):
    """No indicator is reported by any of these periods."""

    code = "nothing_to_freeze"
    vi = "Không có chỉ tiêu nào được báo cáo theo các kỳ này. Hãy chọn kỳ khác."
    en = "No indicator is reported by these periods. Choose others."


class RenderingBusy(DomainError):
    """Other documents are being made, or this one took too long."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    code = "rendering_busy"
    vi = "Hệ thống đang lập các văn bản khác. Hãy thử lại sau {retry_after} giây."
    en = "Other documents are being made. Try again in {retry_after} seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=10)
        self.facts = {"retry_after": 10}
