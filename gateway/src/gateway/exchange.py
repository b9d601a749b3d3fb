"""Tokens of other issuers, exchanged once for the registry's own (design §5, RFC 8693).

The door looks at a foreign token without believing a word of it: is it shaped like one, signed with a key pair, and of
an issuer that can be one (OpenID Connect Core: an https URL)? Whether it is good the registry alone decides. What it
said is remembered by the token's hash, so a token costs the registry one question, and how often strangers may make
the door ask is an allowance of their network.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.limits import Allowances, Policy
from gateway.refusals import Overloaded, Refusal
from gateway.upstream import Upstream
from servicekit.errors import TooMany, Unauthenticated, Unavailable

TOKENS_PATH = "/api/v1/registry/tokens"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:jwt"
BUCKET_FIELD = b"x-client-bucket"
_FETCH_SECONDS = 5.0
# Our token is exchanged anew a little before it ends, so that none ends on the way to a service.
_EARLY_SECONDS = 30.0
# A refused token is not asked about again for so long; one refused by mistake works soon after the mistake is mended.
_REFUSED_SECONDS = 10.0
_MAX_KNOWN = 4096
_MAX_RUNNING = 16
_FOREIGN = re.compile(rb"^([A-Za-z0-9_-]{2,2048})\.([A-Za-z0-9_-]{2,16384})\.[A-Za-z0-9_-]{40,2048}$")
_ASYMMETRIC = frozenset({
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
})  # fmt: skip
# Where a key would be, or what changes the meaning of the rest: no issuer needs them, every forger does (RFC 8725).
_REFUSED_FIELDS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})
_ISSUER = re.compile(r"^https?://[^\s/]{1,255}(?:/\S{0,255})?$")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the registry said about a foreign token, and until when (monotonic) that holds; None means refused."""

    until: float
    token: bytes | None


class Exchange:
    """Asks the registry; one question at a time for each token."""

    def __init__(
        self,
        registry: Upstream,
        allowances: Allowances,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._allowances = allowances
        self._policy = policy
        self._clock = clock
        self._wall = wall
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[_Known]] = {}

    async def exchange(self, token: bytes, network: bytes) -> bytes:
        """Return the registry's token for a foreign one.

        Raises Unauthenticated, TooMany when this network asked too often, or Unavailable.
        """
        digest = hashlib.sha256(token).digest()
        known = self._known.get(digest)
        if known is None or known.until <= self._clock():
            running = self._running.get(digest)
            if running is None:
                running = self._start(digest, token, network)
            known = await asyncio.shield(running)
        if known.token is None:
            raise Unauthenticated
        return known.token

    def forget(self, token: bytes) -> None:
        """Ask again next time: what the registry gave for this token is no good any more."""
        self._known.pop(hashlib.sha256(token).digest(), None)

    def _start(self, digest: bytes, token: bytes, network: bytes) -> asyncio.Task[_Known]:
        if len(self._running) >= _MAX_RUNNING:
            raise Overloaded(retry_after=2)
        self._allowances.take(self._clock(), [(self._policy, network)])
        task = asyncio.create_task(self._ask(digest, token, network))
        self._running[digest] = task
        task.add_done_callback(lambda done: self._ended(digest, done))
        return task

    def _ended(self, digest: bytes, task: asyncio.Task[_Known]) -> None:
        self._running.pop(digest, None)
        if not task.cancelled():
            task.exception()  # told to whoever waited; nobody may be waiting any more

    async def _ask(self, digest: bytes, token: bytes, network: bytes) -> _Known:
        body = {"grant_type": GRANT_TYPE, "subject_token": token.decode("ascii"), "subject_token_type": TOKEN_TYPE}
        try:
            status, answer = await self._registry.post(
                TOKENS_PATH,
                json.dumps(body).encode(),
                timeout=_FETCH_SECONDS,
                limit=64 * 1024,
                fields=[(BUCKET_FIELD, network.hex().encode())],
            )
        except (Refusal, TimeoutError) as error:
            raise Unavailable(retry_after=2) from error
        known = self._read(status, answer, token)
        self._known[digest] = known
        self._known.move_to_end(digest)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return known

    def _read(self, status: int, answer: bytes, token: bytes) -> _Known:
        now = self._clock()
        if status == 429:
            raise TooMany(retry_after=30)
        if status >= 500:
            raise Unavailable(retry_after=2)
        try:
            said = json.loads(answer) if status in (200, 201) else {}
            ours = str(said["access_token"]).encode("ascii")
            lasts = min(float(said["expires_in"]), _ends_at(token) - self._wall())
        except (ValueError, KeyError, TypeError):
            return _Known(now + _REFUSED_SECONDS, None)
        return _Known(now + max(lasts - _EARLY_SECONDS, 1.0), ours)


def is_foreign(token: bytes, issuer: str) -> bool:
    """Tell whether a token claims to be another issuer's and could be one; ours and nonsense are not."""
    match = _FOREIGN.match(token)
    if match is None:
        return False
    try:
        header, claims = _decode(match[1]), _decode(match[2])
    except (binascii.Error, ValueError, RecursionError):
        return False
    said = claims.get("iss")
    if not isinstance(said, str) or said == issuer or not _ISSUER.match(said):
        return False
    return str(header.get("alg")) in _ASYMMETRIC and not _REFUSED_FIELDS & header.keys()


def _ends_at(token: bytes) -> float:
    """Return `exp` of a token that the registry has just found good."""
    return float(_decode(token.split(b".")[1])["exp"])


def _decode(part: bytes) -> dict[str, Any]:
    decoded = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    if not isinstance(decoded, dict):
        raise ValueError("not an object")
    return decoded
