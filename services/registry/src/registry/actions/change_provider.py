"""Configure identity providers, and link their subjects to accounts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from joserfc.jwk import ECKey
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions
from registry.actions.grant_role import FIRST_ADMINISTRATOR_ID
from registry.actions.sign_in_by_provider import subject_name
from registry.domain.errors import ManagedBySettings, OutsideYourOrganisations, OwnAccount, ProviderNotUsable
from registry.domain.roles import PROVIDER_ROLES
from registry.foreign.documents import is_allowed
from registry.queries.administering import administered_account, administered_organisation, holds_roles_elsewhere
from registry.queries.identity_providers import administered_provider, linkable_provider
from registry.tables import ForeignIdentity, IdentityProvider
from servicekit import audit
from servicekit.encryption import Keyring, context, seal
from servicekit.errors import AlreadyExists, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date

_BY_KEY: Final = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class ProviderContent:
    """What an administrator says about a provider; `secret` None keeps the one there is, or means a key of ours."""

    name: str
    issuer: str
    client_id: str
    auth_method: str
    secret: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    claims: Mapping[str, Any]
    role: str | None
    creates_accounts: bool
    status: str


async def create_provider(
    session: AsyncSession,
    key: str,
    organisation: UUID,
    content: ProviderContent,
    *,
    loopback: bool,
    keyring: Keyring,
    actor: Actor,
    now: datetime,
) -> IdentityProvider:
    """Store a provider. Raises AlreadyExists, ProviderNotUsable, UnknownOrganisation, OutsideYourOrganisations."""
    _check(content, loopback=loopback)
    await administered_organisation(session, actor, organisation, local_date(now))
    taken = select(IdentityProvider.id).where(
        or_(IdentityProvider.key == key, IdentityProvider.issuer == content.issuer)
    )
    if await session.scalar(taken.limit(1)) is not None:
        raise AlreadyExists
    provider = IdentityProvider(id=uuid4(), key=key, organisation_id=organisation, created_at=now, version=1)
    _fill(provider, content)
    if not _set_credential(provider, content, keyring):
        raise ProviderNotUsable(errors=[{"field": "body.client_secret", "code": "required"}])
    session.add(provider)
    await session.flush()
    await _tell(session, provider, "identity_provider.created", actor=actor, now=now)
    return provider


async def change_provider(
    session: AsyncSession,
    provider_id: UUID,
    content: ProviderContent,
    *,
    expected: int,
    loopback: bool,
    keyring: Keyring,
    actor: Actor,
    now: datetime,
) -> IdentityProvider:
    """Replace what is said about a provider; its issuer stays. Raises NotFound, StaleVersion, ProviderNotUsable."""
    _check(content, loopback=loopback)
    provider = await administered_provider(session, actor, provider_id, changing=True)
    if provider.version != expected:
        raise StaleVersion
    if content.issuer != provider.issuer:
        # Its subjects are other people: that is another provider.
        raise ProviderNotUsable(errors=[{"field": "body.issuer", "code": "cannot_change"}])
    method = provider.auth_method
    _fill(provider, content)
    another = content.secret is not None or (method == _BY_KEY) != (content.auth_method == _BY_KEY)
    if another and not _set_credential(provider, content, keyring):
        raise ProviderNotUsable(errors=[{"field": "body.client_secret", "code": "required"}])
    provider.version += 1
    await session.flush()
    await _tell(session, provider, "identity_provider.changed", actor=actor, now=now)
    return provider


async def link_identity(
    session: AsyncSession,
    account_id: UUID,
    key: str,
    subject: str,
    *,
    hash_subject: Callable[[str], bytes],
    actor: Actor,
    now: datetime,
) -> ForeignIdentity:
    """Let a provider's subject sign in to an account. Raises NotFound, AlreadyExists, OwnAccount and the like.

    Refused when the account holds a role elsewhere: whoever links it decides who may use that role.
    """
    account = await administered_account(session, actor, account_id)
    if account.id == FIRST_ADMINISTRATOR_ID:
        raise ManagedBySettings
    if account.id == actor.id:
        raise OwnAccount
    if await holds_roles_elsewhere(session, actor, account_id):
        raise OutsideYourOrganisations
    provider_id = await linkable_provider(session, key)
    subject_hash = hash_subject(subject_name(provider_id, subject))
    taken = select(ForeignIdentity.id).where(
        ForeignIdentity.provider_id == provider_id,
        or_(ForeignIdentity.subject_hash == subject_hash, ForeignIdentity.account_id == account_id),
    )
    if await session.scalar(taken.limit(1)) is not None:
        raise AlreadyExists
    identity = ForeignIdentity(
        id=uuid4(),
        provider_id=provider_id,
        subject_hash=subject_hash,
        account_id=account_id,
        linked_by=actor.id,
        created_at=now,
    )
    session.add(identity)
    await session.flush()
    await _tell_link(session, identity, "account.identity_linked", actor=actor, now=now)
    return identity


async def unlink_identity(
    session: AsyncSession, account_id: UUID, identity_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> None:
    """Take a link away; all sessions of the account end. Raises NotFound, StaleVersion."""
    account = await administered_account(session, actor, account_id)
    if account.version != expected:
        raise StaleVersion
    identity = await session.get(ForeignIdentity, identity_id)
    if identity is None or identity.account_id != account_id:
        raise NotFound
    await session.delete(identity)
    await session.flush()
    await _tell_link(session, identity, "account.identity_unlinked", actor=actor, now=now)
    await end_sessions(session, account_id, reason="logout", now=now)


def _check(content: ProviderContent, *, loopback: bool) -> None:
    wrong: list[dict[str, Any]] = []
    if not is_allowed(content.issuer, loopback=loopback) or "?" in content.issuer:
        wrong.append({"field": "body.issuer", "code": "address_not_allowed"})
    for place, address in enumerate(content.redirect_uris):
        if not is_allowed(address, loopback=True):
            wrong.append({"field": f"body.redirect_uris.{place}", "code": "address_not_allowed"})
    if "openid" not in content.scopes:
        wrong.append({"field": "body.scopes", "code": "openid_missing"})
    if content.role is not None and content.role not in PROVIDER_ROLES:
        wrong.append({"field": "body.role", "code": "role_not_grantable"})
    if wrong:
        raise ProviderNotUsable(errors=wrong)


def _fill(provider: IdentityProvider, content: ProviderContent) -> None:
    provider.name = content.name
    provider.issuer = content.issuer
    provider.client_id = content.client_id
    provider.auth_method = content.auth_method
    provider.redirect_uris = list(content.redirect_uris)
    provider.scopes = list(content.scopes)
    provider.audiences = list(content.audiences)
    provider.claims = dict(content.claims)
    provider.role = content.role
    provider.creates_accounts = content.creates_accounts
    provider.status = content.status


def _set_credential(provider: IdentityProvider, content: ProviderContent, keyring: Keyring) -> bool:
    """Seal the secret given, or a new key of ours, whose public half the provider must be told."""
    provider.public_key = None
    secret = content.secret
    if content.auth_method == _BY_KEY:
        key = ECKey.generate_key("P-256")
        secret = key.as_pem(private=True).decode()
        provider.public_key = {
            **key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"
        }  # fmt: skip
    if secret is None:
        return False
    place = context("identity_provider", "credential_sealed", provider.id)
    provider.credential_sealed = seal(keyring, secret, place)
    return True


async def _tell(session: AsyncSession, provider: IdentityProvider, action: str, *, actor: Actor, now: datetime) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="identity_provider",
        subject_id=provider.id,
        actor=actor,
        now=now,
        details={"key": provider.key, "version": provider.version, "status": provider.status},
    )


async def _tell_link(
    session: AsyncSession, identity: ForeignIdentity, action: str, *, actor: Actor, now: datetime
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="account",
        subject_id=identity.account_id,
        actor=actor,
        now=now,
        details={"provider": identity.provider_id, "identity": identity.id},
    )
