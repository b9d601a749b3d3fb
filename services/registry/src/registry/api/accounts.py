"""Accounts and their roles, for administrators; everybody's own password."""

from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions import change_account, grant_role
from registry.actions.create_account import NewAccount, create_account
from registry.api.access import Administrator, Keys, Passwords, Process, SignedIn
from registry.api.account_models import (
    AccountAnswer,
    AccountRequest,
    LockRequest,
    OwnPasswordRequest,
    PasswordRequest,
    RoleGrantAnswer,
    RoleRequest,
    account_answer,
    grant_answer,
)
from registry.domain.errors import (
    ManagedBySettings,
    OutsideYourOrganisations,
    PasswordTooWeak,
    RoleNotGrantable,
    UnknownOrganisation,
    WrongCredentials,
)
from registry.queries import administering
from registry.queries.accounts import open_name
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
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
    **answers(AlreadyExists, Conflict, PasswordTooWeak, UnknownOrganisation, OutsideYourOrganisations),
)
async def add_account(
    body: AccountRequest,
    session: WriteSession,
    actor: Administrator,
    response: Response,
    now: Now,
    passwords: Passwords,
    keys: Keys,
) -> AccountAnswer:
    """Make an account for a person at an organisation you administer, with its first roles."""
    new = NewAccount(
        username=body.username,
        name=body.name,
        password=body.password,
        organisation_id=body.organisation_id,
        roles=tuple(role.new() for role in body.roles),
    )
    account = await create_account(
        session, new, account_id=uuid4(), actor=actor, passwords=passwords, keyring=keys, now=now
    )
    response.headers["Location"] = f"/api/v1/registry/accounts/{account.id}"
    return await _answer(session, account, response, keys)


@router.get("/accounts", **answers(InvalidCursor))
async def list_accounts(
    session: ReadSession,
    actor: Administrator,
    pages: PageQuery,
    keys: Keys,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    status: Literal["active", "locked"] | None = None,
) -> Page[AccountAnswer]:
    """List the accounts of the organisations you administer."""
    window = pages.window(f"registry.accounts/{actor.id}", {"organisation_id": organisation_id, "status": status})
    rows = await administering.accounts(session, window, actor, organisation=organisation_id, status=status)
    grants = await administering.grants_of(session, [row.id for row in rows])
    return window.page(
        rows,
        position=lambda row: (row.username, row.id),
        item=lambda row: account_answer(row, open_name(row, keys), grants[row.id]),
    )


@router.get("/accounts/{account_id}")
async def read_account(
    account_id: Uuid, session: ReadSession, actor: Administrator, response: Response, keys: Keys
) -> AccountAnswer:
    """Return one account."""
    account = await administering.account_row(session, actor, account_id)
    return await _answer(session, account, response, keys)


@router.post(
    "/accounts/{account_id}/roles",
    status_code=201,
    dependencies=[Idempotent],
    **answers(Conflict, RoleNotGrantable, UnknownOrganisation, OutsideYourOrganisations),
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
    process.verifier.forget(account_id)


@router.post("/accounts/{account_id}/lock", **answers(Conflict, ManagedBySettings))
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
    process.verifier.forget(account_id)
    return await _answer(session, account, response, keys)


@router.post("/accounts/{account_id}/unlock", **answers(Conflict, ManagedBySettings))
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
    return await _answer(session, account, response, keys)


@router.post(
    "/accounts/{account_id}/password",
    **answers(Conflict, PasswordTooWeak, OutsideYourOrganisations, ManagedBySettings),
)
async def reset_password(
    account_id: Uuid,
    body: PasswordRequest,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    passwords: Passwords,
    process: Process,
) -> AccountAnswer:
    """Set a new password for somebody who lost the old one; all their sessions end."""
    account = await change_account.reset_password(
        session, account_id, body.password, expected=version, actor=actor, passwords=passwords, now=now
    )
    process.verifier.forget(account_id)
    return await _answer(session, account, response, keys)


@router.post("/me/password", status_code=204, **answers(WrongCredentials, PasswordTooWeak, ManagedBySettings))
async def change_password(
    body: OwnPasswordRequest,
    session: WriteSession,
    actor: SignedIn,
    now: Now,
    passwords: Passwords,
    process: Process,
) -> None:
    """Change the own password; all sessions end, sign in again."""
    await change_account.change_own_password(
        session, body.current_password, body.password, actor=actor, passwords=passwords, now=now
    )
    process.verifier.forget(actor.id)


async def _answer(session: AsyncSession, account: Any, response: Response, keys: Keys) -> AccountAnswer:
    grants = await administering.grants_of(session, [account.id])
    set_etag(response, account.version)
    return account_answer(account, open_name(account, keys), grants[account.id])
