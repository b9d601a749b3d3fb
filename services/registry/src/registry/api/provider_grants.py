"""Tokens for what identity providers say: a code after a sign-in there, or one of their tokens (RFC 8693)."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import uuid4

from registry.actions.issue import Issued, SessionLimits
from registry.actions.sign_in_by_provider import exchange, our_client, start_session, take_sign_in, vouch
from registry.api.client_grant import CompactJws, Secret
from registry.domain.errors import WrongCredentials
from registry.foreign.code_flow import audiences, claims_for_code
from registry.foreign.issuers import Issuers
from registry.foreign.keys import read_claims
from registry.passwords import SecretHasher
from registry.queries.identity_providers import active_issuer
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
