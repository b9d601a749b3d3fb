"""Which front-ends in a browser may call from another origin (Fetch standard, CORS protocol).

Only the listed origins, exactly as written; none by default. Tokens travel in Authorization and nothing in cookies,
so credentials mode is never allowed and no origin is ever mirrored from outside the list.
"""

from gateway.headers import Head
from gateway.refusals import Headers

ALLOWED_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ALLOWED_FIELDS = b"authorization, content-type, accept-language, idempotency-key, if-match, if-none-match"
_EXPOSED_FIELDS = b"etag, location, ratelimit, ratelimit-policy, retry-after, x-request-id, content-language"
_PREFLIGHT_SECONDS = b"600"


class Cors:
    """The fields of an answer that tell a browser whether the page may read it."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._fields: dict[bytes, Headers] = {
            origin.encode(): [
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-expose-headers", _EXPOSED_FIELDS),
                (b"vary", b"Origin"),
            ]
            for origin in origins
        }
        # Without an allowed origin the answer differs too, so no cache may give it to one.
        self._others: Headers = [(b"vary", b"Origin")] if origins else []

    def fields(self, head: Head) -> Headers:
        """Return what an answer to this request carries."""
        return self._fields.get(head.origin, self._others)

    def preflight(self, head: Head) -> Headers:
        """Return the fields of the answer to OPTIONS, which the gateway gives itself: no service is asked."""
        fields: Headers = [(b"allow", ALLOWED_METHODS), *self.fields(head)]
        if head.origin in self._fields:
            fields += [
                (b"access-control-allow-methods", ALLOWED_METHODS),
                (b"access-control-allow-headers", _ALLOWED_FIELDS),
                (b"access-control-max-age", _PREFLIGHT_SECONDS),
            ]
        return fields
