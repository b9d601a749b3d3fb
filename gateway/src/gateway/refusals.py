"""What the gateway itself answers when it refuses: RFC 9457 documents as ready bytes.

servicekit.errors.DomainError
├── Refusal
│   ├── BadTarget            400   the address or the framing of the request is not acceptable
│   ├── BadHost              400   no Host, two Hosts, or one that cannot be read
│   ├── WrongHost            421   a Host this installation does not serve
│   ├── MethodRefused        405   TRACE and CONNECT
│   ├── TooSlow              408   the request trickles in
│   ├── HeadersTooLarge      431   more than 32 KiB of header fields
│   ├── UpstreamBroken       502   a service answered something unreadable
│   ├── UpstreamDown         503   a service does not accept connections
│   ├── UpstreamSlow         504   a service did not answer in time
│   ├── Overloaded           503   this gateway sheds load
│   └── Unexpected           500   our own mistake
├── Spent (TooMany)          429   an allowance is empty; says which one
└── Unauthenticated, NotFound, TooLarge, TooMany, UnsupportedMedia  (the shared ones)
"""

import json
from typing import ClassVar

from servicekit.errors import DomainError, Kind, TooMany, Unauthenticated
from servicekit.problems import MEDIA_TYPE, UNEXPECTED, document, language_of

Headers = list[tuple[bytes, bytes]]

SAFETY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Refusal(DomainError):
    """An answer only a front door gives; `status` is its HTTP status."""

    status: ClassVar[int] = 400


class BadTarget(Refusal):
    """The address or the framing of the request is ambiguous."""

    kind = Kind.MALFORMED
    code = "bad_request_target"
    vi = "Địa chỉ hoặc định dạng của yêu cầu không hợp lệ. Hãy dùng đúng đường dẫn trong tài liệu API."
    en = "The address or format of the request is not valid. Use the paths of the API documents."


class BadHost(Refusal):
    """There is not exactly one readable Host."""

    kind = Kind.MALFORMED
    code = "bad_host"
    vi = "Yêu cầu phải có đúng một tiêu đề Host hợp lệ."
    en = "The request must carry exactly one valid Host header."


class WrongHost(Refusal):
    """This installation does not serve that name."""

    status = 421
    kind = Kind.MALFORMED
    code = "wrong_host"
    vi = "Máy chủ này không phục vụ tên miền đã gọi. Hãy kiểm tra địa chỉ (quản trị viên: ALLOWED_HOSTS)."
    en = "This server does not serve that host name. Check the address (administrators: ALLOWED_HOSTS)."


class MethodRefused(Refusal):
    """TRACE and CONNECT have no use here and help attackers."""

    status = 405
    kind = Kind.NOT_FOUND
    code = "method_refused"
    vi = "TRACE và CONNECT không được dùng ở đây."
    en = "TRACE and CONNECT are not used here."


class TooSlow(Refusal):
    """The body trickles in slower than any real connection."""

    status = 408
    kind = Kind.MALFORMED
    code = "request_too_slow"
    vi = "Nội dung gửi lên quá chậm nên đã dừng. Hãy kiểm tra mạng rồi gửi lại."
    en = "The request arrived too slowly and was stopped. Check the connection and send again."


class HeadersTooLarge(Refusal):
    """More header bytes than any honest client sends."""

    status = 431
    kind = Kind.MALFORMED
    code = "headers_too_large"
    vi = "Phần tiêu đề của yêu cầu quá lớn (tối đa 32 KB)."
    en = "The header fields of the request are too large (32 KB at most)."


class UpstreamBroken(Refusal):
    """A service's answer could not be read to its head."""

    status = 502
    kind = Kind.UNAVAILABLE
    code = "upstream_broken"
    vi = "Một dịch vụ bên trong trả lời không trọn vẹn. Hãy kiểm tra kết quả rồi thử lại sau ít giây."
    en = "A service inside did not answer completely. Check the result, then try again in a few seconds."


class UpstreamDown(Refusal):
    """A service does not accept connections."""

    status = 503
    kind = Kind.UNAVAILABLE
    code = "upstream_down"
    vi = "Dịch vụ đang tạm gián đoạn, yêu cầu chưa được xử lý. Hãy thử lại sau ít giây."
    en = "The service is briefly unavailable; the request was not processed. Try again in a few seconds."


class UpstreamSlow(Refusal):
    """A service took the request and did not answer in time."""

    status = 504
    kind = Kind.UNAVAILABLE
    code = "upstream_slow"
    vi = "Dịch vụ trả lời quá lâu. Yêu cầu có thể đã được nhận; hãy kiểm tra trước khi gửi lại."
    en = "The service took too long. The request may have been taken; check before sending it again."


class Overloaded(Refusal):
    """This gateway has too many requests in progress."""

    status = 503
    kind = Kind.UNAVAILABLE
    code = "overloaded"
    vi = "Hệ thống đang quá tải, yêu cầu chưa được xử lý. Hãy thử lại sau ít giây."
    en = "The system is overloaded; the request was not processed. Try again in a few seconds."


class Unexpected(Refusal):
    """Our own mistake; nothing about it is told but the request id."""

    status = 500
    kind = Kind.UNAVAILABLE
    code = "unexpected"
    vi = UNEXPECTED["vi"]
    en = UNEXPECTED["en"]


class Spent(TooMany):
    """An allowance is empty; `fields` name it as draft-ietf-httpapi-ratelimit-headers has it."""

    def __init__(self, policy: bytes, name: bytes, *, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.fields: Headers = [(b"ratelimit-policy", policy), (b"ratelimit", b"%b;r=0;t=%d" % (name, retry_after))]


def status_of(error: DomainError) -> int:
    """Return the HTTP status of an error."""
    return error.status if isinstance(error, Refusal) else error.kind.value


def render(error: DomainError, accept_language: bytes, request_id: str) -> tuple[int, Headers, bytes]:
    """Return status, header fields and body of the problem document for an error."""
    language = language_of(accept_language.decode("latin-1"))
    status = status_of(error)
    facts = document(error.code, status, error.text(language), request_id, errors=error.errors)
    body = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    headers: Headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"content-language", language.encode()),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode()),
        *SAFETY_HEADERS,
    ]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if isinstance(error, Spent):
        headers += error.fields
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, MethodRefused):
        headers.append((b"allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
    return status, headers, body
