"""Who is asking: the registry's access tokens, checked once at the door (design §5, reliability §6 C).

Signature, times and claims are checked by `servicekit.identity`, which also remembers verified tokens. Here are the
rules of the door itself: one Authorization field, no token in an address, one spelling of a token, and keys fetched
from the registry in a way that strangers cannot turn against it. Every refusal is the same 401.
"""

import asyncio
import base64
import binascii
import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from gateway.edge import carries_token
from gateway.exchange import Exchange, is_foreign
from gateway.headers import Head
from gateway.refusals import Refusal
from gateway.routing import Access
from gateway.upstream import Upstream
from servicekit.errors import Unauthenticated, Unavailable
from servicekit.identity import Actor, TokenVerifier
from servicekit.revocations import Revocations

_JWKS_PATH = "/api/v1/registry/jwks.json"
_FETCH_SECONDS = 3.0
_RETRY_SECONDS = 1.0
# A key taken out of the registry's set, and every token signed with it, stops working within this time.
REFRESH_SECONDS = 30.0
# Three parts of base64url without padding. The last character of a 64-byte signature carries four unused bits: they
# must be zero, or one signature would have sixteen spellings.
_TOKEN = re.compile(rb"^([A-Za-z0-9_-]{2,2048})\.[A-Za-z0-9_-]{2,16384}\.[A-Za-z0-9_-]{85}[AQgw]$")
_HEADER_FIELDS = {"alg", "typ", "kid"}
_log = logging.getLogger("gateway.signin")


class KeySource:
    """Fetches the registry's keys: one fetch at a time, and none for a second after a failure."""

    def __init__(self, registry: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._failed_at = float("-inf")
        self._running: asyncio.Task[dict[str, Any]] | None = None
        self.document: dict[str, Any] | None = None

    async def fetch(self) -> dict[str, Any]:
        """Return the JWK set. Raises Unavailable."""
        if self._clock() - self._failed_at < _RETRY_SECONDS:
            raise Unavailable(retry_after=2)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._fetch())
        return await asyncio.shield(self._running)

    async def _fetch(self) -> dict[str, Any]:
        try:
            status, body = await self._registry.fetch(_JWKS_PATH, timeout=_FETCH_SECONDS, limit=256 * 1024)
            document = json.loads(body)
            if status != 200 or not isinstance(document, dict) or not document.get("keys"):
                raise ValueError("not a key set")
        except (Refusal, TimeoutError, ValueError) as error:
            self._failed_at = self._clock()
            raise Unavailable(retry_after=2) from error
        self.document = document
        return document


class SignIn:
    """Decides whether a request may pass, and as whom."""

    def __init__(self, registry: Upstream, exchange: Exchange, *, issuer: str, revocations: Revocations) -> None:
        self._issuer = issuer
        self._exchange = exchange
        self._keys = KeySource(registry)
        self.revocations = revocations
        self._verifier = TokenVerifier(self._keys.fetch, issuer=issuer, revocations=revocations)
        self._used: dict[str, Any] | None = None
        self._good_headers: set[bytes] = set()

    @property
    def ready(self) -> bool:
        """Whether the registry's keys are known, and whose access was revoked."""
        return self._keys.document is not None and not self.revocations.due

    async def identify(self, head: Head, query: bytes, access: Access, network: bytes) -> Actor | None:
        """Return the actor, or None on a public path without a token.

        A token that is present and wrong is refused on public paths too; a good one of another issuer is replaced in
        `head` by the registry's. Raises Unauthenticated, TooMany when the caller's `network` sent too many foreign
        tokens, or Unavailable when the registry's keys, its revocations or its answer could not be had.
        """
        if query and carries_token(query):
            raise Unauthenticated
        if head.authorizations != 1:
            if head.authorizations == 0 and access is Access.PUBLIC:
                return None
            raise Unauthenticated
        scheme, _, token = head.authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise Unauthenticated
        match = _TOKEN.match(token)
        if match is None or match[1] not in self._good_headers:  # the header is the same for all tokens of one key
            if is_foreign(token, self._issuer):
                return await self._identify_foreign(head, token, network)
            if match is None:
                raise Unauthenticated
            _check_header(match[1])
            if len(self._good_headers) < 64:
                self._good_headers.add(match[1])
        return await self._verifier.verify(token.decode("ascii"))

    async def _identify_foreign(self, head: Head, token: bytes, network: bytes) -> Actor:
        ours = await self._exchange.exchange(token, network)
        try:
            actor = await self._verifier.verify(ours.decode("ascii"))
        except Unauthenticated:
            self._exchange.forget(token)
            raise
        head.authorize(b"Bearer " + ours)
        return actor

    async def keep_fresh(self) -> None:
        """Fetch the keys every half minute for ever; when they changed, everything verified before is checked again."""
        while True:
            try:
                document = await self._keys.fetch()
                if self._used is not None and document != self._used:
                    self._verifier = TokenVerifier(self._keys.fetch, issuer=self._issuer, revocations=self.revocations)
                self._used = document
                pause = REFRESH_SECONDS
            except Unavailable:
                pause = 2.0 if self._used is None else 5.0
                _log.warning("keys of the registry cannot be read; tokens already known go on working")
            except Exception:
                pause = 5.0
                _log.exception("keys of the registry cannot be read")
            await asyncio.sleep(pause)


def _check_header(part: bytes) -> None:
    """Refuse header fields that no token of the registry has: jku, x5u, jwk, crit and whatever comes next."""
    try:
        header = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated from error
    if not isinstance(header, dict) or set(header) != _HEADER_FIELDS or header["alg"] != "EdDSA":
        raise Unauthenticated
