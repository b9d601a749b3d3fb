"""The only place where errors become answers: RFC 9457 problem documents, Vietnamese unless English is asked for.

Nothing a person sent is echoed, and an unexpected error says nothing but its request id.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from servicekit.errors import (
    DomainError,
    Forbidden,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from servicekit.field_texts import field_text

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:nhipcau:problem:"
_BY_STATUS: dict[int, type[DomainError]] = {
    400: Malformed,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
    422: Invalid,
    429: TooMany,
    503: Unavailable,
}
UNEXPECTED = {
    "vi": "Có lỗi ngoài dự kiến. Hãy thử lại; nếu vẫn lỗi, hãy báo quản trị kèm mã request_id.",
    "en": "Something unexpected went wrong. Try again; if it stays, tell the administrator the request_id.",
}


def language_of(accept_language: str | None) -> str:
    """Return "en" when English is preferred, else "vi"."""
    first = (accept_language or "").split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "vi"


def document(code: str, status: int, detail: str, request_id: str | None, **extra: Any) -> dict[str, Any]:
    """Build a problem document; `type` is stable and safe to branch on."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + code,
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if request_id:
        body["request_id"] = request_id
    return body | {name: value for name, value in extra.items() if value}


def answer(request: Request, error: DomainError, *, status: int | None = None) -> JSONResponse:
    """Turn a domain error into its response."""
    language = language_of(request.headers.get("accept-language"))
    status = status or error.kind.value
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = document(error.code, status, error.text(language), _request_id(request), errors=error.errors)
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Register the handlers on an application."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    return answer(request, error)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return answer(request, Malformed())
    language = language_of(request.headers.get("accept-language"))
    return answer(request, Invalid(errors=[_field(item, language) for item in found[:50]]))


def _field(item: Any, language: str) -> dict[str, Any]:
    # The name of an unknown field is something a person typed; where it stood is enough.
    place = item["loc"][:-1] if item["type"] == "extra_forbidden" else item["loc"]
    field = {"field": ".".join(str(part) for part in place), "code": item["type"]}
    text = field_text(item["type"], language, item.get("ctx"))
    return field | ({"detail": text} if text else {})


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    known = _BY_STATUS.get(error.status_code, Malformed)
    response = answer(request, known(), status=error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    language = language_of(request.headers.get("accept-language"))
    body = document("unexpected", 500, UNEXPECTED[language], _request_id(request))
    return JSONResponse(body, status_code=500, headers={"Content-Language": language}, media_type=MEDIA_TYPE)


def _request_id(request: Request) -> str | None:
    return request.headers.get("x-request-id")
