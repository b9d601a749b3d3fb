"""What may come in, and how exactly its time is remembered."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from servicekit.errors import Conflict, Invalid, NotFound, TooLarge

ANONYMOUS: Final = "anonymous"
STAFF: Final = ("intake_officer", "front_officer", "handler", "head")
"""Roles that may see items of their organisation and those below it."""
REVEALERS: Final = frozenset({"front_officer", "head", "data_protection_officer"})
GROUPS: Final = {"staff": frozenset(STAFF) | REVEALERS, "revealers": REVEALERS}
"""What the row-level security asks by: who sees an item's rows, and who the rows of its sender's name."""


class _FieldInvalid(Invalid):
    """A rule about one named field."""

    field = ""

    def __init__(self, **facts: Any) -> None:
        entry = {"field": self.field, "code": self.code, "vi": self.vi, "en": self.en}
        super().__init__(errors=[entry], **facts)


class ContactRequired(_FieldInvalid):
    """A named or confidential sender must be reachable."""

    code = "contact_required"
    field = "body.contact"
    vi = "Gửi có tên hoặc giữ kín danh tính cần họ tên và số điện thoại hoặc thư điện tử. Hãy bổ sung hoặc gửi ẩn danh."
    en = "A named or confidential submission needs a name and a phone number or e-mail. Add them or send anonymously."


class ContactNotAllowed(_FieldInvalid):
    """An anonymous sender must not leave what would undo it."""

    code = "contact_not_allowed"
    field = "body.contact"
    vi = "Gửi ẩn danh thì không kèm thông tin liên hệ. Hãy bỏ mục contact."
    en = "An anonymous submission carries no contact. Leave out `contact`."


class UnknownUnit(_FieldInvalid):
    """No commune with a Front committee today has this code or id."""

    code = "unknown_unit"
    field = "body.unit_code"
    vi = "Không có xã, phường nào hiện nay mang mã này. Hãy chọn lại xã, phường."
    en = "No commune bears this code or id today. Choose the commune again."


class UnknownUpload(_FieldInvalid):
    """A photo is not there, belongs to another submission, or was forgotten after a day."""

    code = "unknown_upload"
    field = "body.attachments"
    vi = "Có ảnh không còn hoặc đã dùng cho phản ánh khác. Hãy tải ảnh lên lại."
    en = "A photo is not there any more or was used already. Upload it again."


class UnknownHolder(_FieldInvalid):
    """The body named cannot hold the item."""

    code = "unknown_holder"
    field = "body.holder_organisation_id"
    vi = "Cơ quan được chọn không còn hoạt động hoặc không thuộc địa bàn này. Hãy chọn cơ quan khác."
    en = "The body chosen is not active or not of this area. Choose another."


class NotAPhoto(_FieldInvalid):
    """The bytes are no JPEG, PNG or WebP, or are damaged."""

    code = "not_a_photo"
    field = "body.file"
    vi = "Tệp không phải ảnh JPEG, PNG hoặc WebP, hoặc đã hỏng. Hãy chọn ảnh khác."
    en = "The file is not a JPEG, PNG or WebP photo, or is damaged. Choose another."


class PhotoTooLarge(TooLarge):
    """More bytes or more pixels than we take."""

    code = "photo_too_large"
    vi = "Ảnh quá lớn (tối đa 10 MB và 40 triệu điểm ảnh). Hãy giảm cỡ ảnh."
    en = "The photo is too large (10 MB and 40 megapixels at most). Make it smaller."


class NoIdentity(Conflict):
    """The sender left no name."""

    code = "no_identity"
    vi = "Người gửi ẩn danh: hệ thống không lưu danh tính để mở."
    en = "The sender is anonymous: there is no identity to reveal."


class UnknownTicket(NotFound):
    """Code or secret is wrong; which of the two is never said."""

    code = "unknown_ticket"
    vi = "Không tìm thấy phản ánh với mã và mật mã này. Hãy kiểm tra lại cả hai."
    en = "No submission has this code and secret. Check both."


def check_contact(identity_mode: str, contact: Collection[Any] | None) -> None:
    """Raise ContactRequired or ContactNotAllowed when contact and identity mode do not fit."""
    if identity_mode == ANONYMOUS and contact is not None:
        raise ContactNotAllowed
    if identity_mode != ANONYMOUS and contact is None:
        raise ContactRequired


def remembered_time(identity_mode: str, now: datetime) -> datetime:
    """Return the time to store: the hour for anonymous senders, so that no access log can be lined up with it."""
    return hour_of(now) if identity_mode == ANONYMOUS else now


def hour_of(now: datetime) -> datetime:
    """Return the hour a moment lies in."""
    return now.replace(minute=0, second=0, microsecond=0)
