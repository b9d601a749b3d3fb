"""Identity providers of others: their configuration, sign-ins that begin there, subjects linked to accounts."""

from fastapi import Response

from registry.actions import change_provider as changes
from registry.actions.sign_in_by_provider import GOOD_FOR
from registry.api.access import Administrator, Anyone, HouseAdministrator, Keys, Process, Secrets
from registry.api.provider_grants import send_to_provider
from registry.api.provider_models import (
    IdentityAnswer,
    IdentityRequest,
    ProviderAnswer,
    ProviderChange,
    ProviderKey,
    ProviderRequest,
    SignInAnswer,
    SignInRequest,
    identity_answer,
)
from registry.domain.errors import (
    HouseMatter,
    ManagedBySettings,
    OutsideYourOrganisations,
    OwnAccount,
    ProviderNotUsable,
    RedirectNotRegistered,
    UnknownOrganisation,
)
from registry.foreign.documents import ProviderUnavailable
from registry.queries import administering
from registry.queries import identity_providers as queries
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid

router = new_router("registry", "identity providers")


@router.post(
    "/identity-providers",
    status_code=201,
    dependencies=[Idempotent],
    **answers(AlreadyExists, HouseMatter, ProviderNotUsable, UnknownOrganisation, OutsideYourOrganisations),
)
async def add_identity_provider(
    body: ProviderRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    response: Response,
    now: Now,
    keys: Keys,
    process: Process,
) -> ProviderAnswer:
    """Configure an OpenID provider for an organisation; its key and issuer are the only ones in the whole house."""
    provider = await changes.create_provider(
        session,
        body.key,
        body.organisation_id,
        body.content(),
        loopback=process.settings.loopback_issuers,
        keyring=keys,
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/api/v1/registry/identity-providers/{provider.id}"
    set_etag(response, provider.version)
    return ProviderAnswer.model_validate(provider)


@router.get("/identity-providers", **answers(InvalidCursor))
async def list_identity_providers(session: ReadSession, actor: Administrator, pages: PageQuery) -> Page[ProviderAnswer]:
    """List the providers of the organisations you administer."""
    window = pages.window(f"registry.identity_providers/{actor.id}", {})
    rows = await queries.administered_providers(session, window, actor)
    return window.page(rows, position=lambda row: (row.key, row.id), item=ProviderAnswer.model_validate)


@router.get("/identity-providers/{provider_id}")
async def read_identity_provider(
    provider_id: Uuid, session: ReadSession, actor: Administrator, response: Response
) -> ProviderAnswer:
    """Return one provider."""
    provider = await queries.administered_provider(session, actor, provider_id)
    set_etag(response, provider.version)
    return ProviderAnswer.model_validate(provider)


@router.put("/identity-providers/{provider_id}", **answers(HouseMatter, ProviderNotUsable))
async def change_identity_provider(
    provider_id: Uuid,
    body: ProviderChange,
    session: WriteSession,
    actor: HouseAdministrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    process: Process,
) -> ProviderAnswer:
    """Say anew how a provider is used; disabled, nobody signs in there."""
    provider = await changes.change_provider(
        session,
        provider_id,
        body.content(),
        expected=version,
        loopback=process.settings.loopback_issuers,
        keyring=keys,
        actor=actor,
        now=now,
    )
    set_etag(response, provider.version)
    return ProviderAnswer.model_validate(provider)


@router.post("/identity-providers/{key}/sign-ins", **answers(RedirectNotRegistered, ProviderUnavailable))
async def begin_sign_in(
    key: ProviderKey, body: SignInRequest, response: Response, now: Now, hasher: Secrets, process: Process, _: Anyone
) -> SignInAnswer:
    """Begin a sign-in at a provider; what its redirect brings goes to `POST /tokens` with `oidc_code`."""
    response.headers["Cache-Control"] = "no-store"
    address, state = await send_to_provider(key, body.redirect_uri, process, hasher, now=now)
    return SignInAnswer(authorization_url=address, state=state, expires_in=int(GOOD_FOR.total_seconds()))


@router.post(
    "/accounts/{account_id}/identities",
    status_code=201,
    dependencies=[Idempotent],
    **answers(OwnAccount, AlreadyExists, ManagedBySettings, OutsideYourOrganisations),
)
async def link_identity(
    account_id: Uuid, body: IdentityRequest, session: WriteSession, actor: Administrator, now: Now, hasher: Secrets
) -> IdentityAnswer:
    """Let a provider's subject sign in to an account you administer."""
    identity = await changes.link_identity(
        session,
        account_id,
        body.provider,
        body.subject,
        hash_subject=lambda name: hasher.hash(name, "subject"),
        actor=actor,
        now=now,
    )
    return identity_answer(identity, body.provider)


@router.get("/accounts/{account_id}/identities")
async def list_identities(account_id: Uuid, session: ReadSession, actor: Administrator) -> list[IdentityAnswer]:
    """List which providers an account is linked to."""
    await administering.account_row(session, actor, account_id)
    return [identity_answer(identity, key) for identity, key in await queries.identities_of(session, account_id)]


@router.delete("/accounts/{account_id}/identities/{identity_id}", status_code=204)
async def unlink_identity(
    account_id: Uuid,
    identity_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    now: Now,
    process: Process,
) -> None:
    """Take a link away (If-Match: the account's version); all sessions of the account end."""
    await changes.unlink_identity(session, account_id, identity_id, expected=version, actor=actor, now=now)
    process.verifier.revocations.want()
