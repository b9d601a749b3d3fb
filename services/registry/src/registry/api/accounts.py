"""Accounts and their roles, for administrators."""

import secrets
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Query, Response

from registry.actions import change_account, grant_role
from registry.actions.create_account import NewAccount, create_account
from registry.actions.note_reading import note_listing, note_reading
from registry.api.access import Administrator, Keys, Process, Secrets
from registry.api.account_models import (
    AccessCodeAnswer,
    AccountAnswer,
    AccountRequest,
    LockRequest,
    RoleGrantAnswer,
    RoleRequest,
    account_answer,
    account_with_code,
    grant_answer,
    read_answer,
)
from registry.domain.errors import (
    ManagedBySettings,
    OutsideYourOrganisations,
    OwnAccount,
    RoleNotGrantable,
    UnknownOrganisation,
)
from registry.queries import administering
from registry.queries.accounts import open_name
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.errors import AlreadyExists, Conflict
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid

router = new_router("registry", "accounts")


@router.post(
    "/accounts",
    status_code=201,
    dependencies=[Idempotent],
    **answers(AlreadyExists, Conflict, UnknownOrganisation, OutsideYourOrganisations),
)
async def add_account(
    body: AccountRequest,
    session: WriteSession,
    actor: Administrator,
    response: Response,
    now: Now,
    keys: Keys,
    hasher: Secrets,
) -> AccessCodeAnswer:
    """Make an account for a person at an organisation you administer, with its first roles.

    The invitation code in the answer is shown this once: hand it to the person, who sets the own password with it.
    """
    code = secrets.token_urlsafe(32)
    new = NewAccount(
        username=body.username,
        name=body.name,
        organisation_id=body.organisation_id,
        roles=tuple(role.new() for role in body.roles),
    )
    made = await create_account(
        session,
        new,
        account_id=uuid4(),
        code_hash=hasher.hash(code, "access-code"),
        actor=actor,
        keyring=keys,
        now=now,
    )
    response.headers["Location"] = f"/api/v1/registry/accounts/{made.account.id}"
    return await account_with_code(session, made, code, response, keys)


@router.get("/accounts", **answers(InvalidCursor))
async def list_accounts(
    session: WriteSession,
    actor: Administrator,
    now: Now,
    pages: PageQuery,
    keys: Keys,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    status: Literal["invited", "active", "locked"] | None = None,
) -> Page[AccountAnswer]:
    """List the accounts of the organisations you administer. Whose names were shown to whom is recorded."""
    window = pages.window(f"registry.accounts/{actor.id}", {"organisation_id": organisation_id, "status": status})
    rows = await administering.accounts(session, window, actor, organisation=organisation_id, status=status)
    grants = await administering.grants_of(session, [row.id for row in rows])
    await note_listing(session, [row.id for row in rows], actor=actor, now=now)
    return window.page(
        rows,
        position=lambda row: (row.username, row.id),
        item=lambda row: account_answer(row, open_name(row, keys), grants[row.id]),
    )


@router.get("/accounts/{account_id}")
async def read_account(
    account_id: Uuid, session: WriteSession, actor: Administrator, response: Response, now: Now, keys: Keys
) -> AccountAnswer:
    """Return one account. Who looked is recorded."""
    account = await administering.account_row(session, actor, account_id)
    await note_reading(session, account_id, actor=actor, now=now)
    return await read_answer(session, account, response, keys)


@router.post(
    "/accounts/{account_id}/roles",
    status_code=201,
    dependencies=[Idempotent],
    **answers(Conflict, OwnAccount, RoleNotGrantable, UnknownOrganisation, OutsideYourOrganisations),
)
async def add_role(
    account_id: Uuid,
    body: RoleRequest,
    session: WriteSession,
    actor: Administrator,
    response: Response,
    now: Now,
) -> RoleGrantAnswer:
    """Give an account a role at an organisation you administer; it counts from the next token on."""
    grant = await grant_role.grant_role(session, body.new(), account_id=account_id, actor=actor, now=now)
    set_etag(response, grant.version)
    rows = await administering.grants_of(session, [account_id])
    return next(grant_answer(row) for row in rows[account_id] if row[0].id == grant.id)


@router.delete(
    "/accounts/{account_id}/roles/{grant_id}",
    status_code=204,
    **answers(OutsideYourOrganisations, ManagedBySettings),
)
async def remove_role(
    account_id: Uuid,
    grant_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    now: Now,
    process: Process,
) -> None:
    """Take a role away; tokens that carry it are no good any more."""
    await grant_role.end_role(session, grant_id, account_id=account_id, expected=version, actor=actor, now=now)
    process.verifier.revocations.want()


@router.post("/accounts/{account_id}/lock", **answers(Conflict, OwnAccount, ManagedBySettings))
async def lock(
    account_id: Uuid,
    body: LockRequest,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    process: Process,
) -> AccountAnswer:
    """Lock an account; all its sessions end."""
    account = await change_account.lock_account(
        session, account_id, expected=version, reason_code=body.reason_code, actor=actor, now=now
    )
    process.verifier.revocations.want()
    return await read_answer(session, account, response, keys)


@router.post("/accounts/{account_id}/unlock", **answers(Conflict, OwnAccount, ManagedBySettings))
async def unlock(
    account_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
) -> AccountAnswer:
    """Unlock an account."""
    account = await change_account.unlock_account(session, account_id, expected=version, actor=actor, now=now)
    return await read_answer(session, account, response, keys)
