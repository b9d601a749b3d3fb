"""Tokens for what identity providers say: a code after a sign-in there, or one of their tokens (RFC 8693)."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import uuid4

from registry.actions.issue import Issued, SessionLimits
from registry.actions.sign_in_by_provider import (
    check_redirect,
    exchange,
    our_client,
    remember_sign_in,
    start_session,
    take_sign_in,
    vouch,
)
from registry.api.client_grant import CompactJws, Secret
from registry.domain.errors import WrongCredentials
from registry.foreign.code_flow import audiences, authorization_url, claims_for_code, new_verifier
from registry.foreign.issuers import Issuers
from registry.foreign.keys import read_claims
from registry.passwords import SecretHasher
from registry.queries.identity_providers import active_issuer, active_provider
from servicekit.service import Runtime
from servicekit.text import ApiModel, Coded

Address = Annotated[str, Coded(r"[\x21-\x7e]+", max_length=500)]
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"


class CodeGrant(ApiModel):
    """Back from an identity provider: what its redirect brought. `iss` must be sent on when the provider sent it."""

    grant_type: Literal["oidc_code"]
    state: Secret
    code: Annotated[str, Coded(r"[\x21-\x7e]+", max_length=2000)]
    redirect_uri: Address
    iss: Address | None = None


class ExchangeGrant(ApiModel):
    """A token of a configured identity provider for one of ours (RFC 8693); there is no refresh token."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"]
    subject_token: CompactJws
    subject_token_type: Literal[
        "urn:ietf:params:oauth:token-type:jwt",
        "urn:ietf:params:oauth:token-type:id_token",
        "urn:ietf:params:oauth:token-type:access_token",
    ]


async def send_to_provider(
    key: str, redirect_uri: str, process: Runtime, hasher: SecretHasher, *, now: datetime
) -> tuple[str, str]:
    """Return where a person is sent, and the state. Raises NotFound, RedirectNotRegistered, ProviderUnavailable.

    No transaction is open while the provider is asked.
    """
    async with process.database.read() as session:
        provider = await active_provider(session, key)
    check_redirect(provider, redirect_uri)
    issuers: Issuers = process.part("issuers")
    endpoints = await issuers.endpoints(provider.issuer)
    state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), new_verifier()
    async with process.database.write() as session:
        await remember_sign_in(
            session,
            provider,
            redirect_uri=redirect_uri,
            state_hash=hasher.hash(state, "state"),
            nonce_hash=hasher.hash(nonce, "nonce"),
            verifier=verifier,
            keyring=process.keyring,
            now=now,
        )
    address = authorization_url(
        endpoints,
        provider.client_id,
        redirect_uri=redirect_uri,
        scopes=provider.scopes,
        state=state,
        nonce=nonce,
        verifier=verifier,
    )
    return address, state


async def issue_for_code(
    body: CodeGrant,
    process: Runtime,
    hasher: SecretHasher,
    *,
    refresh_hash: bytes,
    limits: SessionLimits,
    now: datetime,
) -> Issued:
    """Return whom the token is for. Raises WrongCredentials, AssuranceTooLow, NotLinked, ProviderUnavailable.

    The state is used up first, in a transaction of its own: whatever fails afterwards, it does not come back.
    """
    async with process.database.write() as session:
        taken = await take_sign_in(session, hasher.hash(body.state, "state"), keyring=process.keyring, now=now)
    if taken is None or taken[1].redirect_uri != body.redirect_uri:
        raise WrongCredentials
    provider, sent = taken
    issuers: Issuers = process.part("issuers")
    claims = await claims_for_code(
        issuers,
        our_client(provider, process.keyring),
        body.code,
        sent,
        named_issuer=body.iss,
        hash_nonce=lambda nonce: hasher.hash(nonce, "nonce"),
        at=int(now.timestamp()),
    )
    vouched = vouch(provider, claims, hash_subject=lambda name: hasher.hash(name, "subject"))
    async with process.database.write() as session:
        return await start_session(
            session,
            vouched,
            session_id=uuid4(),
            refresh_hash=refresh_hash,
            limits=limits,
            keyring=process.keyring,
            now=now,
        )


async def issue_for_token(body: ExchangeGrant, process: Runtime, hasher: SecretHasher, *, now: datetime) -> Issued:
    """Return whom the token is for; it ends with the one given. Raises as above."""
    try:
        named = read_claims(body.subject_token).get("iss")
    except ValueError as error:
        raise WrongCredentials from error
    if not isinstance(named, str) or "\0" in named:
        raise WrongCredentials
    async with process.database.read() as session:
        provider = await active_issuer(session, named)
    if provider is None:
        raise WrongCredentials
    issuers: Issuers = process.part("issuers")
    claims = await issuers.verified(body.subject_token, issuer=provider.issuer, at=int(now.timestamp()))
    if set(audiences(claims)).isdisjoint(provider.audiences):
        raise WrongCredentials
    vouched = vouch(provider, claims, hash_subject=lambda name: hasher.hash(name, "subject"))
    ends = datetime.fromtimestamp(claims["exp"], UTC)
    async with process.database.write() as session:
        return await exchange(session, vouched, session_id=uuid4(), good_until=ends, keyring=process.keyring, now=now)
