"""Everything that can go wrong for a reason a person can act on.

    DomainError
    ├── Unauthenticated        401   who are you?
    ├── Forbidden              403   your role may not do this
    ├── NotFound               404   not there, or not visible to you
    ├── Conflict               409   the record is in another state
    │   └── StepNotAllowed, RequestInProgress
    ├── StaleVersion           412   somebody changed it after you read it
    ├── VersionRequired        428   send If-Match
    ├── Invalid                422   the content breaks a rule
    │   └── IdempotencyKeyReused
    ├── Malformed              400   cannot be read
    └── Unavailable            503   try again shortly

A class is the error; its texts tell the person what to do next, in Vietnamese and English. Actions and domain
rules raise these; `servicekit.problems` is the only place that turns them into answers.
"""

from enum import Enum
from typing import Any, ClassVar


class Kind(Enum):
    """What sort of failure it is, and the HTTP status that says so."""

    MALFORMED = 400
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD = 405
    CONFLICT = 409
    GONE = 410
    PRECONDITION = 412
    TOO_LARGE = 413
    UNSUPPORTED = 415
    INVALID = 422
    PRECONDITION_REQUIRED = 428
    TOO_MANY = 429
    UNAVAILABLE = 503


class DomainError(Exception):
    """Base of all errors with a stable code.

    `facts` fill the placeholders of the texts; they must be safe public values, never what a person typed.
    `errors` lists fields as {"field", "code", "vi", "en"}; `retry_after` is in seconds.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "invalid"
    vi: ClassVar[str] = "Nội dung chưa hợp lệ. Hãy xem lại các mục được nêu và gửi lại."
    en: ClassVar[str] = "The content is not valid. Check the listed fields and send again."

    def __init__(
        self, *, errors: list[dict[str, Any]] | None = None, retry_after: int | None = None, **facts: object
    ) -> None:
        super().__init__(self.code)
        self.facts = facts
        self.errors = errors or []
        self.retry_after = retry_after

    def text(self, language: str) -> str:
        """Return the text in "vi" or "en" with its facts filled in."""
        return (self.en if language == "en" else self.vi).format(**self.facts)


class Invalid(DomainError):
    """The content breaks a rule."""


class Malformed(DomainError):
    """The request cannot be read at all."""

    kind = Kind.MALFORMED
    code = "malformed"
    vi = "Yêu cầu không đọc được. Hãy kiểm tra định dạng JSON (UTF-8) rồi gửi lại."
    en = "The request cannot be read. Check that it is JSON in UTF-8 and send again."


class Unauthenticated(DomainError):
    """No valid token; the answer is the same whatever is wrong with it."""

    kind = Kind.UNAUTHENTICATED
    code = "unauthenticated"
    vi = "Bạn chưa đăng nhập hoặc phiên đã hết hạn. Hãy đăng nhập lại."
    en = "You are not signed in or the session has ended. Sign in again."


class Forbidden(DomainError):
    """The actor's roles do not include this operation."""

    kind = Kind.FORBIDDEN
    code = "forbidden"
    vi = "Vai trò của bạn không được làm việc này. Hãy liên hệ người quản trị đơn vị nếu cần quyền."
    en = "Your role may not do this. Ask your unit's administrator if you need the right."


class OperationNotInScope(Forbidden):
    """The client's administrator did not list this operation for it."""

    code = "operation_not_in_scope"
    vi = "Hệ thống này chưa được cấp quyền gọi thao tác đó. Hãy đề nghị quản trị viên bổ sung thao tác vào phạm vi."
    en = "This client was not given that operation. Ask its administrator to add the operation to its scopes."


class NotFound(DomainError):
    """Not there, or not visible to this actor; the two are never told apart."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    vi = "Không tìm thấy nội dung này. Hãy kiểm tra lại mã hoặc đường dẫn."
    en = "Nothing was found here. Check the code or the address."


class MethodNotAllowed(DomainError):
    """The address exists but not for this method."""

    kind = Kind.METHOD
    code = "method_not_allowed"
    vi = "Địa chỉ này không nhận phương thức vừa gửi. Hãy xem tài liệu API."
    en = "This address does not take that method. See the API documents."


class Conflict(DomainError):
    """The record is not in a state that allows this."""

    kind = Kind.CONFLICT
    code = "conflict"
    vi = "Hồ sơ đang ở trạng thái khác nên chưa làm được việc này. Hãy tải lại hồ sơ."
    en = "The record is in another state, so this cannot be done now. Reload it."


class StepNotAllowed(Conflict):
    """The lifecycle has no such step from the present state."""

    code = "step_not_allowed"
    vi = "Không thể thực hiện bước “{action}” khi hồ sơ đang ở trạng thái “{status}”. Hãy tải lại hồ sơ."
    en = "Step “{action}” is not possible while the record is “{status}”. Reload it."


class AlreadyExists(Conflict):
    """Something with the same identity is already there."""

    code = "already_exists"
    vi = "Nội dung này đã có. Hãy mở bản đã có thay vì tạo mới."
    en = "This already exists. Open the existing one instead of creating it again."


class RequestInProgress(Conflict):
    """The first request with this Idempotency-Key has not ended yet."""

    code = "request_in_progress"
    vi = "Yêu cầu trước với cùng Idempotency-Key đang được xử lý. Hãy thử lại sau {retry_after} giây."
    en = "The earlier request with this Idempotency-Key is still running. Try again in {retry_after} seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=1)
        self.facts = {"retry_after": 1}


class StaleVersion(DomainError):
    """Somebody changed the record after the caller read it."""

    kind = Kind.PRECONDITION
    code = "stale_version"
    vi = "Hồ sơ đã được người khác cập nhật sau khi bạn xem. Hãy tải lại và thử lại."
    en = "The record was changed after you read it. Reload it and try again."


class VersionRequired(DomainError):
    """A change must name the version it was decided on."""

    kind = Kind.PRECONDITION_REQUIRED
    code = "version_required"
    vi = "Thiếu If-Match. Hãy gửi giá trị ETag của lần đọc gần nhất."
    en = "If-Match is missing. Send the ETag of your last read."


class IdempotencyKeyRequired(DomainError):
    """A request that creates something must be repeatable without doubling it."""

    kind = Kind.MALFORMED
    code = "idempotency_key_required"
    vi = "Thiếu Idempotency-Key (16 đến 64 ký tự, ví dụ một UUID mới cho mỗi lần gửi)."
    en = "Idempotency-Key is missing (16 to 64 characters, for example a new UUID for each submission)."


class IdempotencyKeyReused(Invalid):
    """The key was used before with another body."""

    code = "idempotency_key_reused"
    vi = "Idempotency-Key này đã dùng cho một nội dung khác. Hãy tạo khóa mới."
    en = "This Idempotency-Key was used for other content. Make a new key."


class TooLarge(DomainError):
    """The body is larger than this address takes."""

    kind = Kind.TOO_LARGE
    code = "too_large"
    vi = "Nội dung gửi lên quá lớn. Hãy giảm dung lượng rồi gửi lại."
    en = "What you sent is too large. Make it smaller and send again."


class UnsupportedMedia(DomainError):
    """The content type or encoding is not accepted here."""

    kind = Kind.UNSUPPORTED
    code = "unsupported_media"
    vi = "Định dạng nội dung không được hỗ trợ ở đây. Hãy gửi application/json (UTF-8, không nén)."
    en = "This content type is not accepted here. Send application/json (UTF-8, not compressed)."


class TooMany(DomainError):
    """Too many requests in a short time."""

    kind = Kind.TOO_MANY
    code = "too_many_requests"
    vi = "Bạn gửi quá nhanh. Hãy chờ một lát rồi thử lại."
    en = "Too many requests. Wait a moment and try again."


class Unavailable(DomainError):
    """Something we need is down; nothing was stored."""

    kind = Kind.UNAVAILABLE
    code = "unavailable"
    vi = "Hệ thống đang tạm gián đoạn, chưa có gì được lưu. Hãy thử lại sau ít giây."
    en = "The system is briefly unavailable; nothing was stored. Try again in a few seconds."

    def __init__(self, *, retry_after: int = 5) -> None:
        super().__init__(retry_after=retry_after)
