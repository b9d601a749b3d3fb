"""Clients of other systems, for administrators."""

import secrets
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions import change_client
from registry.actions.change_client import NewClient
from registry.actions.grant_role import NewGrant
from registry.api.access import Administrator, Process, Secrets
from registry.api.account_models import ClientAnswer, ClientRequest, ClientSecretAnswer, client_answer
from registry.domain.errors import ManagedBySettings, OutsideYourOrganisations, UnknownOrganisation
from registry.queries import administering
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
    **answers(AlreadyExists, Conflict, UnknownOrganisation, OutsideYourOrganisations),
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
    secret = secrets.token_urlsafe(32)
    new = NewClient(
        client_id=body.client_id,
        name=body.name,
        organisation_id=body.organisation_id,
        roles=(NewGrant(body.role, body.organisation_id),),
    )
    client = await change_client.create_client(
        session, new, row_id=uuid4(), secret_hash=hasher.hash(secret, "client"), actor=actor, now=now
    )
    response.headers["Location"] = f"/api/v1/registry/clients/{client.id}"
    return ClientSecretAnswer(client=await _answer(session, client, response), client_secret=secret)


@router.get("/clients", **answers(InvalidCursor))
async def list_clients(
    session: ReadSession,
    actor: Administrator,
    pages: PageQuery,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    status: Literal["active", "revoked"] | None = None,
) -> Page[ClientAnswer]:
    """List the clients of the organisations you administer."""
    window = pages.window(f"registry.clients/{actor.id}", {"organisation_id": organisation_id, "status": status})
    rows = await administering.clients(session, window, actor, organisation=organisation_id, status=status)
    grants = await administering.grants_of(session, [row.id for row in rows])
    return window.page(
        rows,
        position=lambda row: (row.client_id, row.id),
        item=lambda row: client_answer(row, grants[row.id]),
    )


@router.get("/clients/{row_id}")
async def read_client(row_id: Uuid, session: ReadSession, actor: Administrator, response: Response) -> ClientAnswer:
    """Return one client."""
    client = await administering.client_row(session, actor, row_id)
    return await _answer(session, client, response)


@router.post("/clients/{row_id}/rotate", **answers(Conflict, ManagedBySettings))
async def rotate(
    row_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    hasher: Secrets,
    process: Process,
) -> ClientSecretAnswer:
    """Replace a client's secret; the old one and its tokens are no good from now on."""
    secret = secrets.token_urlsafe(32)
    client = await change_client.rotate_client(
        session, row_id, secret_hash=hasher.hash(secret, "client"), expected=version, actor=actor, now=now
    )
    process.verifier.revocations.want()
    return ClientSecretAnswer(client=await _answer(session, client, response), client_secret=secret)


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
    return await _answer(session, client, response)


async def _answer(session: AsyncSession, client: Any, response: Response) -> ClientAnswer:
    grants = await administering.grants_of(session, [client.id])
    set_etag(response, client.version)
    return client_answer(client, grants[client.id])
