"""What identity providers publish: where their endpoints are and which keys sign (OpenID Connect Discovery 1.0)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from registry.domain.errors import WrongCredentials
from registry.foreign.documents import Documents, ProviderUnavailable, is_allowed
from registry.foreign.keys import PublicKey, algorithms_of, import_key, read_header

RSA_ALGORITHMS: Final = ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512")
LEEWAY_SECONDS: Final = 30
_METADATA_LASTS: Final = 3600.0
_KEYS_LAST: Final = 300.0
_REFETCH: Final = 5.0
_MOST_KEYS: Final = 50


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The part of a discovery document we use; `names_itself` means that answers carry `iss` (RFC 9207)."""

    authorization: str
    token: str
    jwks: str
    names_itself: bool


@dataclass(slots=True)
class _Known:
    endpoints: Endpoints | None = None
    endpoints_at: float = float("-inf")
    keys: list[tuple[str | None, str | None, PublicKey]] = field(default_factory=list)
    keys_at: float = float("-inf")


class Issuers:
    """Remembers what issuers publish; an unknown `kid` makes it look again, at most every five seconds."""

    def __init__(self, documents: Documents, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.documents = documents
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def endpoints(self, issuer: str) -> Endpoints:
        """Return the endpoints of an issuer. Raises ProviderUnavailable, also when it calls itself something else."""
        known = self._known.setdefault(issuer, _Known())
        if known.endpoints is None or self._clock() - known.endpoints_at > _METADATA_LASTS:
            document = await self.documents.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            known.endpoints = self._read(document, issuer)
            known.endpoints_at = self._clock()
        return known.endpoints

    async def verified(self, token: str, *, issuer: str, at: int) -> dict[str, Any]:
        """Return the claims of a token of this issuer: signature, `iss`, `exp`, `iat`. Raises WrongCredentials."""
        try:
            header = read_header(token)
            algorithm, kid = str(header.get("alg")), header.get("kid")
            for key in await self._candidates(issuer, kid if isinstance(kid, str) else None, algorithm):
                claims = _decoded(token, key, algorithm)
                if claims is not None:
                    _check_times(claims, issuer, at)
                    return claims
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise WrongCredentials from error
        raise WrongCredentials

    async def _candidates(self, issuer: str, kid: str | None, algorithm: str) -> list[PublicKey]:
        known = self._known.setdefault(issuer, _Known())
        age = self._clock() - known.keys_at
        missing = not any(name == kid for name, _, _ in known.keys) if kid is not None else not known.keys
        if age >= _KEYS_LAST or (missing and age >= _REFETCH):
            endpoints = await self.endpoints(issuer)
            known.keys_at = self._clock()
            known.keys = _read_keys(await self.documents.get(endpoints.jwks))
        return [
            key
            for name, only, key in known.keys
            if (kid is None or name == kid)
            and only in (None, algorithm)
            and algorithm in algorithms_of(key, rsa=RSA_ALGORITHMS)
        ]

    def _read(self, document: dict[str, Any], issuer: str) -> Endpoints:
        found = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        # OpenID Connect Discovery §4.3: the issuer must be exactly the one asked for.
        if document.get("issuer") != issuer or not all(
            isinstance(one, str) and is_allowed(one, loopback=self.documents.loopback) for one in found
        ):
            raise ProviderUnavailable
        names_itself = document.get("authorization_response_iss_parameter_supported") is True
        return Endpoints(str(found[0]), str(found[1]), str(found[2]), names_itself)


def _read_keys(document: dict[str, Any]) -> list[tuple[str | None, str | None, PublicKey]]:
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ProviderUnavailable
    found: list[tuple[str | None, str | None, PublicKey]] = []
    for jwk in listed[:_MOST_KEYS]:
        try:
            if jwk.get("use", "sig") != "sig" or "d" in jwk:
                continue
            key = import_key(jwk)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a kind of key we do not know is none of ours
        if not isinstance(key, RSAKey) or key.raw_value.key_size >= 2048:
            found.append((jwk.get("kid"), jwk.get("alg"), key))
    return found


def _decoded(token: str, key: PublicKey, algorithm: str) -> dict[str, Any] | None:
    try:
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except JoseError:
        return None


def _check_times(claims: dict[str, Any], issuer: str, at: int) -> None:
    rules = jwt.JWTClaimsRegistry(
        now=at,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        exp={"essential": True},
        iat={"essential": True},
    )
    rules.validate(claims)
