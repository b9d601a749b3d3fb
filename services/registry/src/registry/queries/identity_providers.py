"""Identity providers and the people they vouch for."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.queries.administering import administered_by
from registry.tables import Account, ForeignIdentity, IdentityProvider, Organisation
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window


async def active_provider(session: AsyncSession, key: str) -> IdentityProvider:
    """Return the provider with this key. Raises NotFound, also for a disabled one."""
    found = await session.scalars(
        select(IdentityProvider).where(IdentityProvider.key == key, IdentityProvider.status == "active")
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return row


async def active_issuer(session: AsyncSession, issuer: str) -> IdentityProvider | None:
    """Return the active provider with this issuer name."""
    found = await session.scalars(
        select(IdentityProvider).where(IdentityProvider.issuer == issuer, IdentityProvider.status == "active")
    )
    return found.one_or_none()


async def linkable_provider(session: AsyncSession, key: str) -> UUID:
    """Return the id of the active provider with this key, also to who may not see the provider. Raises NotFound."""
    found: UUID | None = await session.scalar(select(func.active_provider_id(key, type_=Uuid)))
    if found is None:
        raise NotFound
    return found


async def administered_provider(
    session: AsyncSession, actor: Actor, provider: UUID, *, changing: bool = False
) -> IdentityProvider:
    """Return a provider of an organisation the actor administers, locked for changing. Raises NotFound."""
    statement = (
        select(IdentityProvider)
        .join(Organisation, Organisation.id == IdentityProvider.organisation_id)
        .where(IdentityProvider.id == provider, administered_by(actor))
    )
    row = (
        await session.scalars(statement.with_for_update(of=IdentityProvider) if changing else statement)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


async def administered_providers(session: AsyncSession, window: Window, actor: Actor) -> Sequence[IdentityProvider]:
    """Return a page of providers by key (one statement)."""
    statement = (
        select(IdentityProvider)
        .join(Organisation, Organisation.id == IdentityProvider.organisation_id)
        .where(administered_by(actor))
    )
    return (await session.scalars(window.select(statement, [IdentityProvider.key, IdentityProvider.id]))).all()


async def account_of_subject(session: AsyncSession, provider: UUID, subject_hash: bytes) -> Account | None:
    """Return the account a provider's subject signs in to, held so that no revocation passes unseen meanwhile."""
    found = await session.scalars(
        select(Account)
        .join(ForeignIdentity, ForeignIdentity.account_id == Account.id)
        .where(ForeignIdentity.provider_id == provider, ForeignIdentity.subject_hash == subject_hash)
        .with_for_update(read=True, of=Account)
    )
    return found.one_or_none()


async def identities_of(session: AsyncSession, account: UUID) -> Sequence[tuple[ForeignIdentity, str]]:
    """Return the identities linked to an account, with their provider's key, oldest first."""
    found = await session.execute(
        select(ForeignIdentity, func.provider_key(ForeignIdentity.provider_id))
        .where(ForeignIdentity.account_id == account)
        .order_by(ForeignIdentity.created_at, ForeignIdentity.id)
    )
    return [(row[0], row[1]) for row in found]
