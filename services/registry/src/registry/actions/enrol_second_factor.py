"""Enrol an authenticator app: a secret that waits, then the first code of it, which makes it count."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_own_session import end_other_sessions
from registry.actions.grant_role import FIRST_ADMINISTRATOR_ID
from registry.actions.prove_second_factor import prove_second_factor
from registry.domain.errors import ManagedBySettings, NotEnrolling, WrongCredentials
from registry.domain.second_factor import SecondProof, matching_step
from registry.tables import Account, RecoveryCode, SignInSession
from servicekit import audit
from servicekit.encryption import Keyring, context, open_, seal
from servicekit.identity import Actor


async def begin_enrolment(
    session: AsyncSession,
    secret: str,
    *,
    version: int | None,
    proof: SecondProof,
    actor: Actor,
    keyring: Keyring,
    now: datetime,
) -> Account:
    """Keep a new secret until its first code comes, after the password was proved.

    Who has an app already proves that too. Raises WrongCredentials if the account changed since (`version`),
    SecondFactorRequired, ManagedBySettings.
    """
    account = await session.get(Account, actor.id, with_for_update=True)
    if account is None or account.version != version:
        raise WrongCredentials
    if account.id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    await prove_second_factor(session, account, proof, keyring=keyring, now=now)
    account.totp_pending_sealed = seal(keyring, secret, context("account", "totp_pending_sealed", account.id))
    await session.flush()
    return account


async def confirm_enrolment(
    session: AsyncSession,
    code: str,
    *,
    recovery_hashes: Sequence[bytes],
    actor: Actor,
    keyring: Keyring,
    now: datetime,
) -> None:
    """Make the waiting secret count if this is a code of it, with new recovery codes. Raises NotEnrolling.

    The present session has proved both factors now; every other one of the account ends.
    """
    account = await session.get(Account, actor.id, with_for_update=True)
    if account is None or account.totp_pending_sealed is None:
        raise NotEnrolling
    secret = open_(keyring, account.totp_pending_sealed, context("account", "totp_pending_sealed", account.id))
    step = matching_step(secret, code, now)
    if step is None:
        raise NotEnrolling
    account.totp_sealed = seal(keyring, secret, context("account", "totp_sealed", account.id))
    account.totp_pending_sealed = None
    account.totp_last_step = step
    account.totp_set_at = now
    account.version += 1
    await session.flush()
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    await session.execute(
        insert(RecoveryCode), [{"account_id": account.id, "code_hash": one} for one in recovery_hashes]
    )
    await session.execute(update(SignInSession).where(SignInSession.id == actor.session_id).values(second_factor=True))
    await audit.write(
        session,
        action="account.second_factor_enrolled",
        subject_type="account",
        subject_id=account.id,
        actor=actor,
        now=now,
    )
    await end_other_sessions(session, actor=actor, now=now)
