"""Tokens: sign in, refresh, client credentials; the keys that verify them; sign out; who am I."""

import secrets
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Response
from pydantic import Field

from registry.actions.issue import Issued
from registry.actions.refresh_session import refresh_session
from registry.actions.sign_in import begin_attempt, start_session
from registry.actions.sign_out import sign_out
from registry.actions.signing import LIFETIME_SECONDS
from registry.api.access import Anyone, Keys, Limits, Passwords, Process, Secrets, SignedIn, Signer
from registry.api.client_grant import ClientGrant, Secret, issue_to_client
from registry.api.provider_grants import ACCESS_TOKEN, CodeGrant, ExchangeGrant, issue_for_code, issue_for_token
from registry.domain.errors import AssuranceTooLow, NotLinked, WrongCredentials
from registry.foreign.documents import ProviderUnavailable
from registry.queries.accounts import Me, who_is
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import TooMany
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Text, Uuid

router = new_router("registry", "tokens")


class PasswordGrant(ApiModel):
    """Sign-in of a person."""

    grant_type: Literal["password"]
    username: Annotated[str, Text(max_length=64)]
    password: Annotated[str, Text(max_length=256, lines=True)]


class RefreshGrant(ApiModel):
    """The next access token of a session."""

    grant_type: Literal["refresh_token"]
    refresh_token: Secret


TokenRequest = Annotated[
    PasswordGrant | RefreshGrant | ClientGrant | CodeGrant | ExchangeGrant, Field(discriminator="grant_type")
]


class TokenAnswer(Answer):
    """An access token, and for people the refresh token that follows it (good once)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = LIFETIME_SECONDS
    refresh_token: str | None = None
    issued_token_type: str | None = None


class GrantAnswer(Answer):
    """A role held at an organisation today."""

    role: str
    organisation_id: Uuid
    organisation_name: str
    organisation_kind: str


class MeAnswer(Answer):
    """Who the token stands for; `scopes` are the operations a client may call."""

    kind: Literal["person", "client"]
    id: Uuid
    username: str
    name: str
    scopes: list[str]
    grants: list[GrantAnswer]


@router.post("/tokens", **answers(WrongCredentials, TooMany, AssuranceTooLow, NotLinked, ProviderUnavailable))
async def create_token(
    body: TokenRequest,
    response: Response,
    now: Now,
    process: Process,
    passwords: Passwords,
    hasher: Secrets,
    signer: Signer,
    limits: Limits,
    _: Anyone,
) -> TokenAnswer:
    """Issue an access token: password, refresh token, client, sign-in at an identity provider, or a token of one.

    The answer to a wrong name and to a wrong password is the same and takes as long. Tries are limited by name.
    """
    response.headers["Cache-Control"] = "no-store"
    next_token = secrets.token_urlsafe(32)
    next_hash = hasher.hash(next_token, "refresh")
    match body:
        case PasswordGrant():
            username = body.username.casefold()
            name_hash = hasher.hash(username, "throttle")
            async with process.database.write() as session:
                candidate = await begin_attempt(session, username, name_hash=name_hash, now=now)
            if not await passwords.verify(body.password, candidate.password_hash):
                raise WrongCredentials
            async with process.database.write() as session:
                issued = await start_session(
                    session,
                    username,
                    candidate=candidate,
                    name_hash=name_hash,
                    session_id=uuid4(),
                    refresh_hash=next_hash,
                    limits=limits,
                    now=now,
                )
        case RefreshGrant():
            token_hash = hasher.hash(body.refresh_token, "refresh")
            async with process.database.write() as session:
                refreshed = await refresh_session(session, token_hash, next_hash=next_hash, limits=limits, now=now)
            process.waker.wake()
            if refreshed is None:
                raise WrongCredentials
            issued = refreshed
        case ClientGrant():
            issued = await issue_to_client(body, process, hasher, now=now)
        case CodeGrant():
            issued = await issue_for_code(body, process, hasher, refresh_hash=next_hash, limits=limits, now=now)
        case ExchangeGrant():
            issued = await issue_for_token(body, process, hasher, now=now)
    token, expires_in = _access_token(signer, issued, now)
    return TokenAnswer(
        access_token=token,
        expires_in=expires_in,
        refresh_token=next_token if issued.kind == "person" and not isinstance(body, ExchangeGrant) else None,
        issued_token_type=ACCESS_TOKEN if isinstance(body, ExchangeGrant) else None,
    )


def _access_token(signer: Signer, issued: Issued, now: Now) -> tuple[str, int]:
    return signer.access_token(
        issued.subject,
        kind=issued.kind,
        session_id=issued.session_id,
        grants=issued.grants,
        scopes=issued.scopes,
        good_until=issued.good_until,
        now=now,
    )


@router.get("/jwks.json")
async def read_keys(response: Response, signer: Signer, now: Now, _: Anyone) -> dict[str, list[dict[str, str]]]:
    """Return the public keys that verify access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return signer.keys(now)


@router.post("/sessions/logout", status_code=204)
async def end_session(session: WriteSession, actor: SignedIn, now: Now, process: Process) -> None:
    """End this session; its refresh tokens die with it, and every service stops taking the account's older tokens."""
    await sign_out(session, actor, now=now)
    process.verifier.forget(actor.id)


@router.get("/me")
async def read_me(session: ReadSession, actor: SignedIn, keys: Keys) -> MeAnswer:
    """Return the person or client this token stands for, with the roles in the token."""
    me: Me = await who_is(session, actor, keyring=keys)
    return MeAnswer.model_validate(me)
