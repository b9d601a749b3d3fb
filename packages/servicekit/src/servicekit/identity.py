"""Who is asking, and may they: the registry's tokens verified in every service (design §5, RFC 8725, RFC 9068).

A route declares its rule in its signature, `actor: Annotated[Actor, allow("front_officer")]`; a route that declares
none and stands on no public list fails a test. What the actor may see of the rows is decided in the SQL of the action.
"""

import asyncio
import base64
import hashlib
import json
import time
import warnings
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from servicekit.errors import Forbidden, OperationNotInScope, Unauthenticated, Unavailable
from servicekit.revocations import Revocations
from servicekit.token_times import LEEWAY_SECONDS

# RFC 9864 prefers the name Ed25519 for what RFC 8037 calls EdDSA; our tokens keep the name every library knows.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")

AUDIENCE = "nhipcau"
TOKEN_TYPE = "at+jwt"
HOUSE_ROLE = "service"
"""The role of the house's own processes; nobody can grant it, and no scope limits them."""
OWN_OPERATIONS = frozenset({"registry.read_me", "registry.end_session"})
"""What every client may do about itself, whatever its scopes."""
_CACHE_SIZE = 4096
_REFETCH_SECONDS = 5.0
_KEYS_LAST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Grant:
    """One role held at one organisation."""

    role: str
    organisation: UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or client behind a request, as its token says."""

    kind: str
    id: UUID
    session_id: UUID
    grants: tuple[Grant, ...]
    scopes: frozenset[str] = field(default_factory=frozenset)

    def has_role(self, *roles: str) -> bool:
        """Tell whether any of these roles is held anywhere."""
        return any(grant.role in roles for grant in self.grants)

    def roles(self) -> frozenset[str]:
        """Return every role held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    def organisations(self, *roles: str) -> frozenset[UUID]:
        """Return the organisations at which one of these roles is held (all roles when none is named)."""
        return frozenset(grant.organisation for grant in self.grants if not roles or grant.role in roles)


FetchKeys = Callable[[], Awaitable[dict[str, Any]]]


class _Verified(NamedTuple):
    """A token whose signature and claims were found good."""

    actor: Actor
    issued_ms: int
    until: float


class TokenVerifier:
    """Verifies access tokens against the registry's published keys; remembers verified tokens until they expire.

    Whether access was revoked is asked at every use, of remembered tokens too.

    `fetch_keys` returns a JWK set. An unknown `kid` fetches it again, at most every five seconds, so rotation needs
    no restart and a forged `kid` cannot be used to hammer the registry; every five minutes the keys are read anew, so a
    withdrawn one ends. Raises Unauthenticated, always the same.
    """

    def __init__(
        self,
        fetch_keys: FetchKeys,
        *,
        issuer: str,
        revocations: Revocations,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._fetch_keys = fetch_keys
        self.revocations = revocations
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._seen: OrderedDict[bytes, _Verified] = OrderedDict()
        self._rules = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str) -> Actor:
        """Return the actor the token stands for.

        Raises Unauthenticated, or Unavailable while the keys or what was revoked are not known yet.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._seen.get(digest)
        if known is None or self._clock() >= known.until:
            known = self._seen[digest] = await self._decode(token)
            if len(self._seen) > _CACHE_SIZE:
                self._seen.popitem(last=False)
        if self.revocations.due:
            await self.revocations.catch_up()
        if self.revocations.refuses(known.actor.id, known.actor.session_id, known.issued_ms):
            raise Unauthenticated
        return known.actor

    async def _decode(self, token: str) -> _Verified:
        try:
            header = _header(token)
            if header.get("alg") != "EdDSA" or header.get("typ") != TOKEN_TYPE or "crit" in header:
                raise Unauthenticated
            key = await self._key(str(header.get("kid", "")))
            claims = jwt.decode(token, key, algorithms=["EdDSA"]).claims
            self._rules.validate(claims)
            # Whole seconds are read as their beginning: a token without the finer claim counts as older, never younger.
            issued_ms = int(claims.get("iat_ms", int(claims["iat"]) * 1000))
            return _Verified(_actor(claims), issued_ms, float(claims["exp"]) + LEEWAY_SECONDS)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unauthenticated from error

    async def _key(self, kid: str) -> Any:
        if self._must_fetch(kid):
            async with self._fetching:  # whoever comes meanwhile waits for the same answer instead of being refused
                if self._must_fetch(kid):
                    await self._fetch()
        if kid not in self._keys:
            raise Unauthenticated
        return self._keys[kid]

    def _must_fetch(self, kid: str) -> bool:
        age = self._clock() - self._fetched_at
        return (kid not in self._keys and age >= _REFETCH_SECONDS) or age >= _KEYS_LAST_SECONDS

    async def _fetch(self) -> None:
        try:
            document = await self._fetch_keys()
        except Exception as error:
            if not self._keys:
                raise Unavailable from error
            self._fetched_at = self._clock()
            return  # the keys we have still verify; the registry is asked again in five minutes
        self._fetched_at = self._clock()
        self._keys = {key.kid: key for key in KeySet.import_key_set(document).keys if key.kid}  # type: ignore[arg-type]


def _header(token: str) -> dict[str, Any]:
    head, dot, _ = token.partition(".")
    if not dot or "=" in token or token.count(".") != 2:
        raise Unauthenticated
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    if not isinstance(header, dict):
        raise Unauthenticated
    return header


def _actor(claims: dict[str, Any]) -> Actor:
    kind = claims["kind"]
    if kind not in ("person", "client"):
        raise Unauthenticated
    grants = tuple(Grant(str(grant["role"]), UUID(grant["organisation"])) for grant in claims.get("grants", ()))
    return Actor(
        kind=kind,
        id=UUID(claims["sub"]),
        session_id=UUID(claims["sid"]),
        grants=grants,
        scopes=frozenset(str(claims.get("scope", "")).split()),
    )


async def authenticate(request: Request) -> Actor | None:
    """Return the actor of this request, or None when no token was sent.

    Raises Unauthenticated for a bad token, OperationNotInScope for a client's that does not reach this operation; that
    holds for public operations too, which a client may also call without its token.
    """
    state = request.state
    if hasattr(state, "actor"):
        actor: Actor | None = state.actor
        return actor
    sent = request.headers.getlist("authorization")
    if not sent:
        state.actor = None
        return None
    scheme, _, token = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    actor = await request.app.state.runtime.verifier.verify(token.strip())
    _check_scope(actor, request.scope["route"].operation_id)
    state.actor = actor
    return actor


def _check_scope(actor: Actor, operation: str) -> None:
    if actor.kind != "client" or actor.has_role(HOUSE_ROLE):
        return
    if operation not in actor.scopes and operation not in OWN_OPERATIONS:
        raise OperationNotInScope


def allow(*roles: str) -> Any:
    """Declare that a route needs a signed-in actor with one of these roles (any role when none is named)."""

    async def check(request: Request) -> Actor:
        actor = await authenticate(request)
        if actor is None:
            raise Unauthenticated
        if roles and not actor.has_role(*roles):
            raise Forbidden
        return actor

    check.access = frozenset(roles)  # type: ignore[attr-defined]
    return Depends(check)


def allow_anyone() -> Any:
    """Declare that a route is open; a valid token is used, an invalid one is refused."""

    async def check(request: Request) -> Actor | None:
        return await authenticate(request)

    check.access = None  # type: ignore[attr-defined]
    return Depends(check)
