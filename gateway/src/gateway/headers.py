"""One pass over the header fields of a request: what goes on, what is dropped, what the gateway reads itself."""

from dataclasses import dataclass, field
from enum import IntEnum

from gateway.refusals import Headers


class Fate(IntEnum):
    """What happens to a header field by its name."""

    FORWARD = 0
    DROP = 1
    HOST = 2
    AUTHORIZATION = 3
    LENGTH = 4
    TRANSFER = 5
    CONNECTION = 6
    LANGUAGE = 7
    ENCODING = 8
    ADDRESS = 9
    SMUGGLED = 10
    ORIGIN = 11


_READ = {
    b"host": Fate.HOST,
    b"authorization": Fate.AUTHORIZATION,
    b"content-length": Fate.LENGTH,
    b"transfer-encoding": Fate.TRANSFER,
    b"connection": Fate.CONNECTION,
    b"accept-language": Fate.LANGUAGE,
    b"content-encoding": Fate.ENCODING,
    b"x-forwarded-for": Fate.ADDRESS,
    b"origin": Fate.ORIGIN,
}
# Hop-by-hop fields, and everything by which somebody outside could claim an identity, an origin or a trace.
_DROPPED = {
    b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer", b"upgrade",
    b"expect", b"http2-settings", b"forwarded", b"via", b"x-real-ip", b"x-request-id", b"x-correlation-id",
    b"traceparent", b"tracestate", b"baggage", b"true-client-ip", b"cf-connecting-ip", b"x-http-method-override",
    b"x-method-override", b"x-rewrite-url", b"x-scheme", b"x-cluster-client-ip",
}  # fmt: skip
_DROPPED_PREFIXES = (
    b"x-forwarded", b"x-user", b"x-org", b"x-role", b"x-auth", b"x-client", b"x-remote", b"x-original", b"x-actor",
    b"x-real", b"x-envoy", b"x-nhipcau", b"x-ssl", b"x-b3",
)  # fmt: skip
_HOP_BY_HOP_ANSWER = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
    b"upgrade", b"server", b"date", b"x-request-id", b"x-powered-by", b"access-control-allow-origin",
    b"access-control-allow-credentials", b"access-control-expose-headers",
}  # fmt: skip
_KEPT_ALIVE = (b"keep-alive", b"close", b"Keep-Alive", b"Close")
_fates: dict[bytes, Fate] = dict(_READ)


@dataclass(slots=True)
class Head:
    """What the gateway needs to know of a request's header fields; `forward` goes to the service as it is."""

    forward: list[tuple[bytes, bytes]] = field(default_factory=list)
    host: bytes = b""
    hosts: int = 0
    authorization: bytes = b""
    authorizations: int = 0
    content_length: int = 0
    chunked: bool = False
    language: bytes = b""
    content_encoding: bytes = b""
    forwarded_for: bytes = b""
    origin: bytes = b""
    smuggled: bool = False

    def authorize(self, value: bytes) -> None:
        """Put another Authorization in the place of the caller's."""
        self.authorization = value
        self.forward = [item for item in self.forward if item[0] != b"authorization"]
        self.forward.append((b"authorization", value))


def fate_of(name: bytes) -> Fate:
    """Decide what happens to a field; an underscore makes a name some readers take for another, so it is not sent."""
    if name in _READ:
        return _READ[name]
    plain = name.replace(b"_", b"-")
    known = plain in _DROPPED or plain in _READ or plain.startswith(_DROPPED_PREFIXES)
    if b"_" in name:
        return Fate.SMUGGLED if known else Fate.DROP
    return Fate.DROP if known else Fate.FORWARD


def read_head(fields: Headers) -> Head:
    """Sort the fields of a request (names in lower case, as the server gives them)."""
    head = Head()
    forward = head.forward
    named: bytes = b""
    for item in fields:
        name = item[0]
        fate = _fates.get(name)
        if fate is None:
            fate = fate_of(name)
            if len(_fates) < 4096:  # names come from outside: remember only so many
                _fates[name] = fate
        if fate is Fate.FORWARD:
            forward.append(item)
        elif fate is Fate.HOST:
            head.host = item[1]
            head.hosts += 1
        elif fate is Fate.AUTHORIZATION:
            head.authorization = item[1]
            head.authorizations += 1
            forward.append(item)
        elif fate is Fate.LANGUAGE:
            head.language = item[1]
            forward.append(item)
        elif fate is Fate.LENGTH:
            head.content_length = int(item[1])
        elif fate is Fate.TRANSFER:
            head.chunked = True
        elif fate is Fate.CONNECTION:
            if item[1] not in _KEPT_ALIVE:
                named += b"," + item[1]
        elif fate is Fate.ENCODING:
            head.content_encoding = item[1]
            forward.append(item)
        elif fate is Fate.ADDRESS:
            head.forwarded_for = item[1]
        elif fate is Fate.ORIGIN:
            head.origin = item[1]
        elif fate is Fate.SMUGGLED:
            head.smuggled = True
    if named:
        _drop_named(head, named)
    return head


def _drop_named(head: Head, named: bytes) -> None:
    """Remove the fields that Connection declares to end here, from our own reading too: one view for both sides."""
    names = {part.strip().lower() for part in named.split(b",")}
    head.forward = [item for item in head.forward if item[0] not in names]
    if b"authorization" in names:
        head.authorization, head.authorizations = b"", 0


def answer_fields(fields: Headers) -> Headers:
    """Return the fields of a service's answer that go on to the client; who may read it is said at the door."""
    named: set[bytes] = set()
    for name, value in fields:
        if name == b"connection" and value not in _KEPT_ALIVE:
            named.update(part.strip().lower() for part in value.split(b","))
    if named:
        return [item for item in fields if item[0] not in _HOP_BY_HOP_ANSWER and item[0] not in named]
    return [item for item in fields if item[0] not in _HOP_BY_HOP_ANSWER]
