"""The authorization code flow with PKCE, as a confidential client (OpenID Connect Core §3.1, RFC 7636, RFC 9700)."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

from registry.domain.errors import WrongCredentials
from registry.foreign.documents import ProviderUnavailable
from registry.foreign.issuers import Endpoints, Issuers

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class OurClient:
    """Who we are at a provider; `credential` is our secret, or our private key (PEM, P-256)."""

    issuer: str
    client_id: str
    auth_method: str
    credential: str


@dataclass(frozen=True, slots=True)
class SentSignIn:
    """What a sign-in was sent with, and what must come back."""

    redirect_uri: str
    verifier: str
    nonce_hash: bytes


def new_verifier() -> str:
    """Return a PKCE code verifier of 256 bits."""
    return secrets.token_urlsafe(32)


def authorization_url(
    endpoints: Endpoints, client_id: str, *, redirect_uri: str, scopes: list[str], state: str, nonce: str, verifier: str
) -> str:
    """Return the address a person's browser is sent to."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{query}"


async def claims_for_code(
    issuers: Issuers,
    client: OurClient,
    code: str,
    sent: SentSignIn,
    *,
    named_issuer: str | None,
    hash_nonce: Callable[[str], bytes],
    at: int,
) -> dict[str, Any]:
    """Exchange a code and return the claims of the id token. Raises WrongCredentials or ProviderUnavailable."""
    endpoints = await issuers.endpoints(client.issuer)
    if (named_issuer is not None or endpoints.names_itself) and named_issuer != client.issuer:
        raise WrongCredentials  # RFC 9207 §2.4: the answer may be of another provider
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": sent.redirect_uri,
        "code_verifier": sent.verifier,
    }
    auth = _authenticate(client, form)
    status, document = await issuers.documents.post(endpoints.token, form, auth)
    if status in (400, 401, 403):
        raise WrongCredentials
    if status != 200 or document is None or not isinstance(document.get("id_token"), str):
        raise ProviderUnavailable
    claims = await issuers.verified(document["id_token"], issuer=client.issuer, at=at)
    _check_recipient(claims, client.client_id)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(hash_nonce(nonce), sent.nonce_hash):
        raise WrongCredentials
    return claims


def audiences(claims: dict[str, Any]) -> list[str]:
    """Return whom a token is for."""
    found = claims.get("aud")
    return [found] if isinstance(found, str) else [one for one in found if isinstance(one, str)] if found else []


def _check_recipient(claims: dict[str, Any], client_id: str) -> None:
    named = audiences(claims)
    party = claims.get("azp")
    if client_id not in named or (len(named) > 1 and party is None) or party not in (None, client_id):
        raise WrongCredentials


def _authenticate(client: OurClient, form: dict[str, str]) -> tuple[str, str] | None:
    if client.auth_method == "client_secret_basic":
        return quote(client.client_id, safe=""), quote(client.credential, safe="")  # RFC 6749 §2.3.1
    form["client_id"] = client.client_id
    if client.auth_method == "client_secret_post":
        form["client_secret"] = client.credential
        return None
    now = int(time.time())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": client.issuer,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid4()),
    }
    key = ECKey.import_key(client.credential)
    form["client_assertion_type"] = _ASSERTION
    form["client_assertion"] = jwt.encode({"alg": "ES256", "kid": key.thumbprint()}, claims, key, algorithms=["ES256"])
    return None
