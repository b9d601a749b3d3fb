"""Invitation and recovery codes: administrators issue them, people set their own password with them."""

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import Response

from registry.actions.count_tries import count_try, forgive_try
from registry.actions.issue_access_code import issue_access_code
from registry.actions.set_password import check_password
from registry.actions.use_access_code import find_holder, use_access_code
from registry.api.access import Administrator, Anyone, ClientBucket, Keys, Passwords, Process, Secrets
from registry.api.account_models import AccessCodeAnswer, NewPassword, account_with_code
from registry.api.proving import Prover
from registry.domain.access_codes import Purpose
from registry.domain.errors import CodeNotUsable, ManagedBySettings, OutsideYourOrganisations, PasswordTooWeak
from registry.passwords import SecretHasher
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.encryption import Keyring
from servicekit.errors import Conflict, TooMany
from servicekit.etags import ExpectedVersion
from servicekit.identity import Actor
from servicekit.routes import answers, new_router
from servicekit.text import ApiModel, Coded, Uuid

router = new_router("registry", "access codes")


class CodePasswordRequest(ApiModel):
    """The code an administrator handed over, and the password its owner chose."""

    code: Annotated[str, Coded(r"[A-Za-z0-9_\-]+", max_length=100)]
    password: NewPassword


@router.post("/accounts/{account_id}/invitation", **answers(Conflict, OutsideYourOrganisations, ManagedBySettings))
async def issue_invitation(
    account_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    hasher: Secrets,
) -> AccessCodeAnswer:
    """Invite again who has not set a password yet; the code before is no good any more, this one for 72 hours."""
    return await _issue(
        session, account_id, "invitation", version, response, actor=actor, now=now, keys=keys, hasher=hasher
    )


@router.post("/accounts/{account_id}/recovery", **answers(Conflict, OutsideYourOrganisations, ManagedBySettings))
async def issue_recovery(
    account_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    hasher: Secrets,
) -> AccessCodeAnswer:
    """Give who lost the password a code to set a new one, within the hour. An authenticator app stays needed."""
    return await _issue(
        session, account_id, "recovery", version, response, actor=actor, now=now, keys=keys, hasher=hasher
    )


@router.post("/passwords", status_code=204, **answers(CodeNotUsable, PasswordTooWeak, TooMany))
async def set_password_with_code(
    body: CodePasswordRequest,
    now: Now,
    process: Process,
    passwords: Passwords,
    hasher: Secrets,
    bucket: ClientBucket,
    _: Anyone,
) -> None:
    """Set the own password with an invitation or recovery code; good once. All sessions so far end.

    The answer to a wrong, used, replaced and expired code is the same. Tries are limited by network.
    """
    code_hash = hasher.hash(body.code, "access-code")
    prover = Prover(process, passwords, hasher, bucket, now)
    async with process.database.write() as session:
        await count_try(session, prover.tried(), now=now)
    async with process.database.read() as session:
        holder = await find_holder(session, code_hash, keyring=process.keyring, now=now)
    check_password(body.password, holder.about)
    password_hash = await passwords.hash(body.password)
    async with process.database.write() as session:
        await use_access_code(session, code_hash, password_hash=password_hash, now=now)
        await forgive_try(session, prover.tried(holder.username), now=now)
    process.waker.wake()
    process.verifier.revocations.want()


async def _issue(
    session: WriteSession,
    account_id: Uuid,
    purpose: Purpose,
    version: int,
    response: Response,
    *,
    actor: Actor,
    now: datetime,
    keys: Keyring,
    hasher: SecretHasher,
) -> AccessCodeAnswer:
    code = secrets.token_urlsafe(32)
    new = await issue_access_code(
        session,
        account_id,
        purpose,
        code_hash=hasher.hash(code, "access-code"),
        expected=version,
        actor=actor,
        now=now,
    )
    return await account_with_code(session, new, code, response, keys)
