"""One's own password and authenticator app."""

import base64
import secrets
from typing import Annotated

from pydantic import Field
from pyotp import random_base32

from registry.actions.count_tries import forgive_try
from registry.actions.enrol_second_factor import begin_enrolment, confirm_enrolment
from registry.actions.set_password import change_own_password, check_password
from registry.api.access import ClientBucket, Keys, Passwords, Process, Secrets, SignedIn
from registry.api.account_models import NewPassword
from registry.api.proving import Prover
from registry.api.token_models import OneTimeCode, RecoveryCodeText
from registry.domain.errors import (
    ManagedBySettings,
    NotEnrolling,
    PasswordTooWeak,
    SecondFactorRequired,
    WrongCredentials,
)
from registry.domain.second_factor import RECOVERY_CODES, otpauth_address
from registry.queries.sessions import own_texts
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.errors import TooMany
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Text

router = new_router("registry", "own account")

Password = Annotated[str, Text(max_length=256, lines=True)]


class OwnPasswordRequest(ApiModel):
    """A new password for oneself."""

    current_password: Password
    password: NewPassword


class EnrolmentRequest(ApiModel):
    """The present password, and what proves the present authenticator app where there is one."""

    current_password: Password
    totp: OneTimeCode | None = None
    recovery_code: RecoveryCodeText | None = None


class EnrolmentAnswer(Answer):
    """The secret for the authenticator app, shown this once; `otpauth` is what its QR code says."""

    secret: str
    otpauth: str


class ConfirmationRequest(ApiModel):
    """The first code of the new authenticator app."""

    totp: OneTimeCode


class RecoveryCodesAnswer(Answer):
    """Codes that replace a lost authenticator app, each once; shown this once."""

    recovery_codes: Annotated[list[str], Field(min_length=RECOVERY_CODES, max_length=RECOVERY_CODES)]


@router.post("/me/password", status_code=204, **answers(WrongCredentials, PasswordTooWeak, ManagedBySettings, TooMany))
async def change_password(
    body: OwnPasswordRequest,
    actor: SignedIn,
    now: Now,
    passwords: Passwords,
    hasher: Secrets,
    process: Process,
    bucket: ClientBucket,
) -> None:
    """Change the own password; all sessions end, sign in again. Wrong tries count as those of signing in."""
    prover = Prover(process, passwords, hasher, bucket, now)
    async with process.database.read() as session:
        username, *about = await own_texts(session, actor, keyring=process.keyring)
    tried = prover.tried(username)
    candidate = await prover.prove_password(username, body.current_password, tried)
    check_password(body.password, [username, *about])
    password_hash = await passwords.hash(body.password)
    async with process.database.write() as session:
        await change_own_password(session, password_hash, version=candidate.version, actor=actor, now=now)
        await forgive_try(session, tried, now=now)
    process.waker.wake()
    process.verifier.revocations.want()


@router.post("/me/totp", **answers(WrongCredentials, SecondFactorRequired, ManagedBySettings, TooMany))
async def enrol_totp(
    body: EnrolmentRequest,
    actor: SignedIn,
    now: Now,
    passwords: Passwords,
    hasher: Secrets,
    process: Process,
    bucket: ClientBucket,
) -> EnrolmentAnswer:
    """Begin to enrol an authenticator app, or another one; nothing changes until its first code is confirmed."""
    prover = Prover(process, passwords, hasher, bucket, now)
    async with process.database.read() as session:
        username, *_ = await own_texts(session, actor, keyring=process.keyring)
    tried = prover.tried(username)
    candidate = await prover.prove_password(username, body.current_password, tried)
    secret = random_base32()
    async with process.database.write() as session:
        await begin_enrolment(
            session,
            secret,
            version=candidate.version,
            proof=prover.second_proof(body.totp, body.recovery_code),
            actor=actor,
            keyring=process.keyring,
            now=now,
        )
        await forgive_try(session, tried, now=now)
    return EnrolmentAnswer(secret=secret, otpauth=otpauth_address(secret, username))


@router.post("/me/totp/confirm", **answers(NotEnrolling))
async def confirm_totp(
    body: ConfirmationRequest,
    session: WriteSession,
    actor: SignedIn,
    now: Now,
    keys: Keys,
    passwords: Passwords,
    hasher: Secrets,
    process: Process,
    bucket: ClientBucket,
) -> RecoveryCodesAnswer:
    """Make the authenticator app count. Other sessions end; refresh this one's token to get the roles that decide."""
    prover = Prover(process, passwords, hasher, bucket, now)
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    await confirm_enrolment(
        session,
        body.totp,
        recovery_hashes=[prover.recovery_hash(code) for code in codes],
        actor=actor,
        keyring=keys,
        now=now,
    )
    process.verifier.revocations.want()
    return RecoveryCodesAnswer(recovery_codes=codes)


def _recovery_code() -> str:
    """Return 80 random bits as four groups of four letters and digits that are hard to confuse."""
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))
