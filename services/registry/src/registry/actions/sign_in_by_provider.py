"""Sign a person in for whom an identity provider vouches: sent there with a state, back once, to an account here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.issue import Issued, SessionLimits, issued_to_person
from registry.actions.open_session import open_session
from registry.domain.claim_mapping import ClaimMapping, ForeignPerson
from registry.domain.errors import NotLinked, RedirectNotRegistered, WrongCredentials
from registry.foreign.code_flow import OurClient, SentSignIn
from registry.queries.access import grants_on
from registry.queries.identity_providers import account_of_subject
from registry.tables import Account, ForeignIdentity, ForeignSignIn, IdentityProvider, RoleGrant
from servicekit import audit
from servicekit.encryption import Keyring, context, open_, seal
from servicekit.identity import Actor
from servicekit.working_days import local_date

GOOD_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Vouched:
    """A person and the provider that vouches for them; the subject as it is stored."""

    provider: IdentityProvider
    person: ForeignPerson
    subject_hash: bytes


def vouch(provider: IdentityProvider, claims: dict[str, Any], *, hash_subject: Callable[[str], bytes]) -> Vouched:
    """Read the claims as the provider's mapping says. Raises WrongCredentials, AssuranceTooLow."""
    person = ClaimMapping.read(provider.claims).person(claims)
    return Vouched(provider, person, hash_subject(subject_name(provider.id, person.subject)))


def subject_name(provider: UUID, subject: str) -> str:
    """Return what is hashed: the same subject at two providers is two people."""
    return f"{provider}\0{subject}"


def check_redirect(provider: IdentityProvider, redirect_uri: str) -> None:
    """Refuse an address that is not registered letter for letter. Raises RedirectNotRegistered."""
    if redirect_uri not in provider.redirect_uris:
        raise RedirectNotRegistered


async def remember_sign_in(
    session: AsyncSession,
    provider: IdentityProvider,
    *,
    redirect_uri: str,
    state_hash: bytes,
    nonce_hash: bytes,
    verifier: str,
    keyring: Keyring,
    now: datetime,
) -> None:
    """Keep what must come back, for ten minutes; forget what has not come back in that time."""
    await session.execute(delete(ForeignSignIn).where(ForeignSignIn.expires_at < now))
    row_id = uuid4()
    session.add(
        ForeignSignIn(
            id=row_id,
            provider_id=provider.id,
            state_hash=state_hash,
            nonce_hash=nonce_hash,
            verifier_sealed=seal(keyring, verifier, context("foreign_sign_in", "verifier_sealed", row_id)),
            redirect_uri=redirect_uri,
            expires_at=now + GOOD_FOR,
        )
    )
    await session.flush()


async def take_sign_in(
    session: AsyncSession, state_hash: bytes, *, keyring: Keyring, now: datetime
) -> tuple[IdentityProvider, SentSignIn] | None:
    """Use a state up; None when there is no such state, it is too old, or its provider is disabled."""
    taken = (
        await session.execute(
            delete(ForeignSignIn)
            .where(ForeignSignIn.state_hash == state_hash)
            .returning(
                ForeignSignIn.id,
                ForeignSignIn.provider_id,
                ForeignSignIn.verifier_sealed,
                ForeignSignIn.nonce_hash,
                ForeignSignIn.redirect_uri,
                ForeignSignIn.expires_at,
            )
        )
    ).one_or_none()
    if taken is None or taken.expires_at <= now:
        return None
    provider = await session.get_one(IdentityProvider, taken.provider_id)
    if provider.status != "active":
        return None
    verifier = open_(keyring, taken.verifier_sealed, context("foreign_sign_in", "verifier_sealed", taken.id))
    return provider, SentSignIn(taken.redirect_uri, verifier, taken.nonce_hash)


def our_client(provider: IdentityProvider, keyring: Keyring) -> OurClient:
    """Return who we are at a provider."""
    place = context("identity_provider", "credential_sealed", provider.id)
    return OurClient(
        provider.issuer, provider.client_id, provider.auth_method, open_(keyring, provider.credential_sealed, place)
    )


async def start_session(
    session: AsyncSession,
    vouched: Vouched,
    *,
    session_id: UUID,
    refresh_hash: bytes,
    limits: SessionLimits,
    keyring: Keyring,
    now: datetime,
) -> Issued:
    """Open a session of the person's account. Raises WrongCredentials for a locked one, NotLinked."""
    account = await _account(session, vouched, keyring, now)
    return await open_session(
        session,
        account.id,
        session_id=session_id,
        refresh_hash=refresh_hash,
        limits=limits,
        second_factor=vouched.person.second_factor,
        now=now,
        details={"provider": vouched.provider.id},
    )


async def exchange(
    session: AsyncSession, vouched: Vouched, *, session_id: UUID, good_until: datetime, keyring: Keyring, now: datetime
) -> Issued:
    """Return whom the token is for, without a session: the provider's own token is asked for again. Raises as above."""
    account = await _account(session, vouched, keyring, now)
    held = await grants_on(session, account.id, local_date(now))
    return issued_to_person(
        account.id, session_id, held, second_factor=vouched.person.second_factor, good_until=good_until
    )


async def _account(session: AsyncSession, vouched: Vouched, keyring: Keyring, now: datetime) -> Account:
    provider, subject_hash = vouched.provider, vouched.subject_hash
    account = await account_of_subject(session, provider.id, subject_hash)
    if account is None and provider.creates_accounts:
        # Two first sign-ins at once make one account.
        await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(subject_hash[:8], signed=True))))
        account = await account_of_subject(session, provider.id, subject_hash)
        if account is None:
            account = await _make_account(session, vouched, keyring, now)
    if account is None:
        raise NotLinked
    if account.status != "active":
        raise WrongCredentials
    return account


async def _make_account(session: AsyncSession, vouched: Vouched, keyring: Keyring, now: datetime) -> Account:
    provider, account_id = vouched.provider, uuid4()
    account = Account(
        id=account_id,
        username=f"{provider.key}.{account_id.hex[:16]}",
        name_sealed=seal(keyring, vouched.person.name, context("account", "name_sealed", account_id)),
        password_hash=None,
        status="active",
        organisation_id=provider.organisation_id,
        created_at=now,
        password_set_at=None,
        version=1,
    )
    session.add(account)
    await session.flush()
    session.add(
        ForeignIdentity(
            id=uuid4(),
            provider_id=provider.id,
            subject_hash=vouched.subject_hash,
            account_id=account_id,
            created_at=now,
        )
    )
    if provider.role is not None:
        session.add(
            RoleGrant(
                id=uuid4(),
                account_id=account_id,
                role=provider.role,
                organisation_id=provider.organisation_id,
                valid_from=local_date(now),
                created_at=now,
                version=1,
            )
        )
    await session.flush()
    await audit.write(
        session,
        action="account.created_by_provider",
        subject_type="account",
        subject_id=account_id,
        actor=Actor("person", account_id, account_id, ()),
        now=now,
        details={"provider": provider.id, "role": provider.role, "organisation": provider.organisation_id},
    )
    return account
