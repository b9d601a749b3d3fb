"""Tokens: sign in, refresh, client credentials; the keys that verify them; sign out; who am I."""

import secrets
from uuid import uuid4

from fastapi import Response

from registry.actions.issue import Issued, SessionLimits
from registry.actions.refresh_session import refresh_session
from registry.actions.sign_in import start_session
from registry.actions.sign_out import sign_out
from registry.api.access import Anyone, ClientBucket, Keys, Limits, Passwords, Process, Secrets, SignedIn, Signer
from registry.api.client_grant import ClientGrant, issue_to_client
from registry.api.provider_grants import ACCESS_TOKEN, CodeGrant, ExchangeGrant, issue_for_code, issue_for_token
from registry.api.proving import Prover
from registry.api.token_models import MeAnswer, PasswordGrant, RefreshGrant, TokenAnswer, TokenRequest
from registry.domain.errors import AssuranceTooLow, NotLinked, SecondFactorRequired, WrongCredentials
from registry.domain.token_life import lifetime_seconds
from registry.foreign.documents import ProviderUnavailable
from registry.queries.accounts import who_is
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import TooMany
from servicekit.routes import answers, new_router
from servicekit.working_days import local_date

router = new_router("registry", "tokens")


@router.post(
    "/tokens",
    **answers(WrongCredentials, SecondFactorRequired, TooMany, AssuranceTooLow, NotLinked, ProviderUnavailable),
)
async def create_token(
    body: TokenRequest,
    response: Response,
    now: Now,
    process: Process,
    passwords: Passwords,
    hasher: Secrets,
    signer: Signer,
    limits: Limits,
    bucket: ClientBucket,
    _: Anyone,
) -> TokenAnswer:
    """Issue an access token for a password (with a one-time code where enrolled), a refresh token or a client secret.

    The answer to a wrong name and to a wrong password is the same and takes as long. Tries are limited by name and by
    network. Roles that decide are withheld until an authenticator app is enrolled (`/me/totp`).
    """
    response.headers["Cache-Control"] = "no-store"
    next_token = secrets.token_urlsafe(32)
    next_hash = hasher.hash(next_token, "refresh")
    match body:
        case PasswordGrant():
            prover = Prover(process, passwords, hasher, bucket, now)
            issued = await _sign_in(body, prover, refresh_hash=next_hash, limits=limits)
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
            return _answer(signer, issued, now, issued_token_type=ACCESS_TOKEN)
    return _answer(signer, issued, now, refresh_token=next_token if issued.kind == "person" else None)


async def _sign_in(body: PasswordGrant, prover: Prover, *, refresh_hash: bytes, limits: SessionLimits) -> Issued:
    username = body.username.casefold()
    tried = prover.tried(username)
    candidate = await prover.prove_password(username, body.password, tried)
    async with prover.process.database.write() as session:
        return await start_session(
            session,
            username,
            candidate=candidate,
            proof=prover.second_proof(body.totp, body.recovery_code),
            tried=tried,
            session_id=uuid4(),
            refresh_hash=refresh_hash,
            limits=limits,
            keyring=prover.process.keyring,
            now=prover.now,
        )


def _answer(
    signer: Signer,
    issued: Issued,
    now: Now,
    *,
    refresh_token: str | None = None,
    issued_token_type: str | None = None,
) -> TokenAnswer:
    seconds = lifetime_seconds(now, issued.held.last_day, issued.good_until)
    token = signer.access_token(
        issued.subject,
        kind=issued.kind,
        session_id=issued.session_id,
        grants=issued.held.grants,
        scopes=issued.scopes,
        seconds=seconds,
        now=now,
    )
    return TokenAnswer(
        access_token=token,
        expires_in=seconds,
        refresh_token=refresh_token,
        issued_token_type=issued_token_type,
        withheld_roles=list(issued.withheld),
        must_enrol_second_factor=bool(issued.withheld),
    )


@router.get("/jwks.json")
async def read_keys(response: Response, signer: Signer, now: Now, _: Anyone) -> dict[str, list[dict[str, str]]]:
    """Return the public keys that verify access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return signer.keys(now)


@router.post("/sessions/logout", status_code=204)
async def end_session(session: WriteSession, actor: SignedIn, now: Now, process: Process) -> None:
    """End this session; its refresh tokens die with it, and no process takes its access tokens any more."""
    await sign_out(session, actor, now=now)
    process.verifier.revocations.want()


@router.get("/me")
async def read_me(session: ReadSession, actor: SignedIn, now: Now, keys: Keys) -> MeAnswer:
    """Return the person or client this token stands for, with the roles in the token and those withheld."""
    me = await who_is(session, actor, keyring=keys, day=local_date(now))
    return MeAnswer.model_validate(me)
