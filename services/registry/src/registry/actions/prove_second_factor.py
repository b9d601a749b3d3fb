"""Check a one-time code or a recovery code, and use it up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.errors import SecondFactorRequired
from registry.domain.second_factor import SecondProof, matching_step
from registry.tables import Account, RecoveryCode
from servicekit import audit
from servicekit.encryption import Keyring, context, open_
from servicekit.identity import Actor


async def prove_second_factor(
    session: AsyncSession, account: Account, proof: SecondProof, *, keyring: Keyring, now: datetime
) -> bool:
    """Return whether a second factor was proved: False where none is enrolled. Raises SecondFactorRequired.

    Both sorts of codes are used up by compare-and-set, so of two uses at once one succeeds.
    """
    if account.totp_sealed is None:
        return False
    if proof.totp is not None:
        secret = open_(keyring, account.totp_sealed, context("account", "totp_sealed", account.id))
        step = matching_step(secret, proof.totp, now)
        if step is not None and await _use_step(session, account.id, step):
            return True
    elif proof.recovery_hash is not None and await _use_recovery_code(session, account.id, proof.recovery_hash, now):
        return True
    raise SecondFactorRequired


async def _use_step(session: AsyncSession, account: UUID, step: int) -> bool:
    used = await session.execute(
        update(Account)
        .where(Account.id == account, or_(Account.totp_last_step.is_(None), Account.totp_last_step < step))
        .values(totp_last_step=step)
        .returning(Account.id)
    )
    return used.one_or_none() is not None


async def _use_recovery_code(session: AsyncSession, account: UUID, code_hash: bytes, now: datetime) -> bool:
    used = await session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.account_id)
    )
    if used.one_or_none() is None:
        return False
    await audit.write(
        session,
        action="account.recovery_code_used",
        subject_type="account",
        subject_id=account,
        actor=Actor("person", account, account, ()),
        now=now,
    )
    return True
