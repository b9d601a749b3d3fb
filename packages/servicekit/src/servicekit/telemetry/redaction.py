"""Takes out of a log line what must not be there, in case somebody put it in."""

import math
import re
from typing import Any, Final

REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = re.compile(
    "authorization|cookie|secret|passw|token|phone|e?mail|address|api_?key|keyring|private|signature|otp"
    "|full_?name|contact|cccd|identity_number|database_url|nats_url|query_string|client_host",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"(?P<jwt>eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
    r"|(?i:\bbearer\s+[^\s\"',]+)"
    r"|\bwh(?:sec|sk)_[A-Za-z0-9+/=]+"
    r"|(?<=://)[^\s/@]+(?=@)"  # user and password of an address
    r"|(?<![\d.])(?:\+?84|0)[35789]\d{8}(?!\d)"  # mobile number
    r"|(?<![\d.])0\d{11}(?!\d)"  # citizen number
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # mail
    r"|(?<=[\w/])\?[^\s\"']*=[^\s\"']*"  # query string
)
_DEPTH: Final = 4


def redact(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts without secrets, personal data by name or by look, and query strings."""
    return {name: _clean(name, value, 0) for name, value in facts.items()}


def redact_text(text: str) -> str:
    """Return the text without anything that looks like a secret, a person's number or a query string."""
    return _SECRET_TEXT.sub(REDACTED, text)


def _clean(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON has no NaN
    if _SECRET_NAMES.search(name):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _DEPTH:
        return REDACTED
    if isinstance(value, dict):
        return {str(key): _clean(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, item, depth + 1) for item in value]
    if isinstance(value, BaseException):
        return type(value).__name__
    return redact_text(str(value))
