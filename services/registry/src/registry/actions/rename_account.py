"""Write a person's name anew."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.grant_role import FIRST_ADMINISTRATOR_ID
from registry.domain.errors import ManagedBySettings
from registry.queries.administering import administered_account
from registry.tables import Account
from servicekit import audit
from servicekit.encryption import Keyring, context, seal
from servicekit.errors import StaleVersion
from servicekit.identity import Actor


async def rename_account(
    session: AsyncSession,
    account_id: UUID,
    name: str,
    *,
    expected: int,
    actor: Actor,
    keyring: Keyring,
    now: datetime,
) -> Account:
    """Seal the new name; neither name stands in the audit. Raises NotFound, StaleVersion, ManagedBySettings."""
    account = await administered_account(session, actor, account_id)
    if account_id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    if account.version != expected:
        raise StaleVersion
    account.name_sealed = seal(keyring, name, context("account", "name_sealed", account_id))
    account.version += 1
    await session.flush()
    await audit.write(
        session, action="account.renamed", subject_type="account", subject_id=account_id, actor=actor, now=now
    )
    return account
