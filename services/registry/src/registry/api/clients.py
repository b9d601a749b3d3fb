"""Clients of other systems, for administrators."""

import secrets
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions import change_client, change_credential
from registry.actions.change_client import NewClient
from registry.actions.change_credential import NewCredential
from registry.actions.grant_role import NewGrant
from registry.api.access import Administrator, Process, Secrets
from registry.api.client_models import (
    ClientAnswer,
    ClientRequest,
    ClientSecretAnswer,
    CredentialRequest,
    Jwk,
    ScopesRequest,
    client_answer,
)
from registry.domain.errors import (
    ManagedBySettings,
    OutsideYourOrganisations,
    OverlapTooLong,
    TooManyCredentials,
    UnknownOperation,
    UnknownOrganisation,
)
from registry.foreign.keys import KeyRefused, read_public_key
from registry.passwords import SecretHasher
from registry.queries import administering
from registry.queries.credentials import good_credentials
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, Conflict
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid

router = new_router("registry", "clients")


@router.post(
    "/clients",
    status_code=201,
    dependencies=[Idempotent],
    **answers(AlreadyExists, Conflict, KeyRefused, UnknownOperation, UnknownOrganisation, OutsideYourOrganisations),
)
async def add_client(
    body: ClientRequest,
    session: WriteSession,
    actor: Administrator,
    response: Response,
    now: Now,
    hasher: Secrets,
) -> ClientSecretAnswer:
    """Make a client for a system; its secret is shown in this answer and never again."""
    credential, secret = _new_credential(body.public_key, hasher)
    new = NewClient(
        client_id=body.client_id,
        name=body.name,
        organisation_id=body.organisation_id,
        scopes=tuple(body.scopes),
        roles=(NewGrant(body.role, body.organisation_id),),
    )
    client = await change_client.create_client(session, new, row_id=uuid4(), actor=actor, now=now)
    await change_credential.insert_credential(session, client, credential, actor=actor, now=now)
    response.headers["Location"] = f"/api/v1/registry/clients/{client.id}"
    return ClientSecretAnswer(client=await _answer(session, client, response, now), client_secret=secret)


@router.get("/clients", **answers(InvalidCursor))
async def list_clients(
    session: ReadSession,
    actor: Administrator,
    pages: PageQuery,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    status: Literal["active", "revoked"] | None = None,
) -> Page[ClientAnswer]:
    """List the clients of the organisations you administer."""
    window = pages.window(f"registry.clients/{actor.id}", {"organisation_id": organisation_id, "status": status})
    rows = await administering.clients(session, window, actor, organisation=organisation_id, status=status)
    grants = await administering.grants_of(session, [row.id for row in rows])
    credentials = await good_credentials(session, [row.id for row in rows], now)
    return window.page(
        rows,
        position=lambda row: (row.client_id, row.id),
        item=lambda row: client_answer(row, grants[row.id], credentials[row.id]),
    )


@router.get("/clients/{row_id}")
async def read_client(
    row_id: Uuid, session: ReadSession, actor: Administrator, response: Response, now: Now
) -> ClientAnswer:
    """Return one client."""
    client = await administering.client_row(session, actor, row_id)
    return await _answer(session, client, response, now)


@router.put("/clients/{row_id}/scopes", **answers(Conflict, ManagedBySettings, UnknownOperation))
async def change_client_scopes(
    row_id: Uuid,
    body: ScopesRequest,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    process: Process,
) -> ClientAnswer:
    """Say anew what a client may call; it needs a new token for it."""
    client = await change_client.change_scopes(session, row_id, body.scopes, expected=version, actor=actor, now=now)
    process.verifier.revocations.want()
    return await _answer(session, client, response, now)


@router.post(
    "/clients/{row_id}/credentials",
    status_code=201,
    dependencies=[Idempotent],
    **answers(Conflict, ManagedBySettings, TooManyCredentials, OverlapTooLong, KeyRefused),
)
async def rotate_credential(
    row_id: Uuid,
    body: CredentialRequest,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    hasher: Secrets,
    process: Process,
) -> ClientSecretAnswer:
    """Give a client its next secret or key; the present one stays good for the overlap, with its tokens."""
    credential, secret = _new_credential(body.public_key, hasher)
    client = await change_credential.rotate_credential(
        session, row_id, credential, old_good_until=body.old_good_until, expected=version, actor=actor, now=now
    )
    process.verifier.revocations.want()
    return ClientSecretAnswer(client=await _answer(session, client, response, now), client_secret=secret)


@router.delete("/clients/{row_id}/credentials/{credential_id}", **answers(Conflict, ManagedBySettings))
async def end_credential(
    row_id: Uuid,
    credential_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    process: Process,
) -> ClientAnswer:
    """End one credential of a client at once; the client's tokens so far are no good."""
    client = await change_credential.end_credential(
        session, row_id, credential_id, expected=version, actor=actor, now=now
    )
    process.verifier.revocations.want()
    return await _answer(session, client, response, now)


@router.post("/clients/{row_id}/revoke", **answers(Conflict, ManagedBySettings))
async def revoke(
    row_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    process: Process,
) -> ClientAnswer:
    """Shut a client out for good."""
    client = await change_client.revoke_client(session, row_id, expected=version, actor=actor, now=now)
    process.verifier.revocations.want()
    return await _answer(session, client, response, now)


def _new_credential(public_key: Jwk | None, hasher: SecretHasher) -> tuple[NewCredential, str | None]:
    if public_key is not None:
        return NewCredential(public_key=read_public_key(public_key.model_dump(exclude_none=True))), None
    secret = secrets.token_urlsafe(32)
    return NewCredential(secret_hash=hasher.hash(secret, "client")), secret


async def _answer(session: AsyncSession, client: Any, response: Response, now: datetime) -> ClientAnswer:
    grants = await administering.grants_of(session, [client.id])
    credentials = await good_credentials(session, [client.id], now)
    set_etag(response, client.version)
    return client_answer(client, grants[client.id], credentials[client.id])
