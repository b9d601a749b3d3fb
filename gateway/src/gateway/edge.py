"""What is refused before anything is looked up: doubtful hosts, paths, methods and framings (reliability §6 H).

Two readers of one request must never understand it differently, so anything ambiguous is refused, never repaired.
"""

import re
from urllib.parse import unquote_to_bytes

from gateway.headers import Head
from gateway.refusals import BadHost, BadTarget, MethodRefused, WrongHost
from servicekit.errors import UnsupportedMedia

_HOST = re.compile(rb"^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$")
# Encoded slash, backslash and NUL or another control byte, a raw backslash, and an escape that is none.
_BAD_PATH = re.compile(rb"%(?:2f|5c|[01][0-9a-f]|7f)|\\|//|#|%(?![0-9a-f]{2})", re.IGNORECASE)
_DOT_SEGMENT = re.compile(rb"/(?:\.|%2e){1,2}(?:/|;|$)", re.IGNORECASE)
# A JSON Web Token, or a parameter whose name says it is one, has no place in an address that gets logged and shared.
_TOKEN_NAMES = rb"(?:access_token|id_token|refresh_token|authorization|bearer|jwt)="
_TOKEN_IN_QUERY = re.compile(rb"(?:^|&)" + _TOKEN_NAMES + rb"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{20,}", re.IGNORECASE)
# Escapes of letters, `.`, `_`, `-` and `&`: no honest client encodes them, so only then is the query decoded to look.
_HIDES_ASCII = re.compile(rb"%(?:[4-7][0-9a-f]|2[6de]|3d)", re.IGNORECASE)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Edge:
    """The checks, with the list of hosts this installation serves (`name` or `name:port`, lower case)."""

    def __init__(self, allowed_hosts: tuple[str, ...]) -> None:
        self._allowed = frozenset(host.encode("idna" if not host.isascii() else "ascii") for host in allowed_hosts)
        self._good_hosts: set[bytes] = set()

    def check(self, method: str, raw_path: bytes, head: Head) -> None:
        """Raise a Refusal when the request may not go further."""
        if method not in METHODS:
            raise MethodRefused
        self.check_host(head)
        check_path(raw_path)
        if head.smuggled:
            raise BadTarget
        if head.content_encoding and head.content_encoding.lower() != b"identity":
            raise UnsupportedMedia

    def check_host(self, head: Head) -> None:
        """Exactly one readable Host that this installation serves; it is compared, never used to build a URL."""
        host = head.host
        if host in self._good_hosts and head.hosts == 1:
            return
        if head.hosts != 1 or not _HOST.match(host):
            raise BadHost
        name = host.lower()
        bare = name if name.endswith(b"]") else name.rpartition(b":")[0] or name
        if name not in self._allowed and bare.removesuffix(b".") not in self._allowed:
            raise WrongHost
        if len(self._good_hosts) < 64:
            self._good_hosts.add(host)


def check_path(raw_path: bytes) -> None:
    """Refuse a path that a second reader could take for another one: `%2f`, `%5c`, `\\`, `..`, `//`, NUL."""
    if not raw_path.startswith(b"/"):
        raise BadTarget
    if (b"%" in raw_path or b"//" in raw_path or b"\\" in raw_path) and _BAD_PATH.search(raw_path):
        raise BadTarget
    if (b"/." in raw_path or b"%" in raw_path) and _DOT_SEGMENT.search(raw_path):
        raise BadTarget


def carries_token(query: bytes) -> bool:
    """Tell whether a query string holds an access token."""
    if _TOKEN_IN_QUERY.search(query):
        return True
    if b"%" not in query or not _HIDES_ASCII.search(query):
        return False
    return _TOKEN_IN_QUERY.search(unquote_to_bytes(query)) is not None
