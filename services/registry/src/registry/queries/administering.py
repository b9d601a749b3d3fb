"""What an administrator looks after: organisations at or below the own ones, accounts and clients belonging to them."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.errors import OutsideYourOrganisations, UnknownOrganisation
from registry.queries.access import stands_on
from registry.tables import Account, ApiClient, Organisation, RoleGrant
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window


def administered_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a row of `organisation` is at or below one the actor administers."""
    condition: ColumnElement[bool] = Organisation.path.bool_op("&&")(list(actor.organisations("administrator")))
    return condition


async def any_topmost(session: AsyncSession, organisations: Collection[UUID], day: date) -> bool:
    """Tell whether one of these organisations stands at the top on a day, above everything of its kind (one statement).

    A body that stood at the top before it went into another does not count.
    """
    statement = select(Organisation.id).where(
        Organisation.id.in_(organisations), Organisation.parent_id.is_(None), stands_on(Organisation, day)
    )
    return (await session.scalar(statement.limit(1))) is not None


async def administered_organisation(session: AsyncSession, actor: Actor, organisation: UUID, day: date) -> Organisation:
    """Return an organisation standing on the day. Raises UnknownOrganisation or OutsideYourOrganisations."""
    found = (
        await session.scalars(
            select(Organisation).where(
                Organisation.id == organisation,
                stands_on(Organisation, day),
            )
        )
    ).one_or_none()
    if found is None:
        raise UnknownOrganisation
    if actor.organisations("administrator").isdisjoint(found.path):
        raise OutsideYourOrganisations
    return found


async def administered_account(session: AsyncSession, actor: Actor, account: UUID) -> Account:
    """Return an account for changing, locked against others. Raises NotFound when it is not the actor's business."""
    found = await session.scalars(_accounts(actor).where(Account.id == account).with_for_update(of=Account))
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return row


async def administered_accounts_named(
    session: AsyncSession, actor: Actor, names: Collection[str]
) -> dict[str, Account]:
    """Return the accounts with these user names, locked against others, as far as the actor looks after them."""
    found = await session.scalars(
        _accounts(actor).where(Account.username.in_(names)).order_by(Account.id).with_for_update(of=Account)
    )
    return {row.username: row for row in found}


async def administered_clients_named(
    session: AsyncSession, actor: Actor, names: Collection[str]
) -> dict[str, ApiClient]:
    """Return the clients with these client ids, locked against others, as far as the actor looks after them."""
    found = await session.scalars(
        _clients(actor).where(ApiClient.client_id.in_(names)).order_by(ApiClient.id).with_for_update(of=ApiClient)
    )
    return {row.client_id: row for row in found}


async def administered_client(session: AsyncSession, actor: Actor, client: UUID) -> ApiClient:
    """Return a client for changing, locked against others. Raises NotFound when it is not the actor's business."""
    found = await session.scalars(_clients(actor).where(ApiClient.id == client).with_for_update(of=ApiClient))
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return row


async def account_row(session: AsyncSession, actor: Actor, account: UUID) -> Account:
    """Return an account for reading. Raises NotFound."""
    row = (await session.scalars(_accounts(actor).where(Account.id == account))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def client_row(session: AsyncSession, actor: Actor, client: UUID) -> ApiClient:
    """Return a client for reading. Raises NotFound."""
    row = (await session.scalars(_clients(actor).where(ApiClient.id == client))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def accounts(
    session: AsyncSession, window: Window, actor: Actor, *, organisation: UUID | None, status: str | None
) -> Sequence[Account]:
    """Return a page of accounts by user name (one statement)."""
    statement = _accounts(actor)
    if organisation is not None:
        statement = statement.where(Account.organisation_id == organisation)
    if status is not None:
        statement = statement.where(Account.status == status)
    return (await session.scalars(window.select(statement, [Account.username, Account.id]))).all()


async def clients(
    session: AsyncSession, window: Window, actor: Actor, *, organisation: UUID | None, status: str | None
) -> Sequence[ApiClient]:
    """Return a page of clients by client id (one statement)."""
    statement = _clients(actor)
    if organisation is not None:
        statement = statement.where(ApiClient.organisation_id == organisation)
    if status is not None:
        statement = statement.where(ApiClient.status == status)
    return (await session.scalars(window.select(statement, [ApiClient.client_id, ApiClient.id]))).all()


async def grants_of(session: AsyncSession, holders: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return the grants of accounts or clients, ended ones too, with what the organisations are called (one statement).

    Rows (RoleGrant, organisation_name), newest first, by holder.
    """
    found = await session.execute(
        select(RoleGrant, Organisation.name.label("organisation_name"))
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(RoleGrant.account_id.in_(holders) | RoleGrant.api_client_id.in_(holders))
        .order_by(RoleGrant.created_at.desc(), RoleGrant.role, RoleGrant.id)
    )
    by_holder: dict[UUID, list[Any]] = {holder: [] for holder in holders}
    for row in found:
        holder = row[0].account_id or row[0].api_client_id
        if holder is not None:
            by_holder[holder].append(row)
    return by_holder


async def holds_roles_elsewhere(session: AsyncSession, actor: Actor, account: UUID) -> bool:
    """Tell whether the account holds a role at an organisation the actor does not administer."""
    statement = (
        select(RoleGrant.id)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(RoleGrant.account_id == account, RoleGrant.ended_at.is_(None), ~administered_by(actor))
        .limit(1)
    )
    return (await session.scalar(statement)) is not None


def _accounts(actor: Actor) -> Select[Account]:
    return select(Account).join(Organisation, Organisation.id == Account.organisation_id).where(administered_by(actor))


def _clients(actor: Actor) -> Select[ApiClient]:
    return (
        select(ApiClient).join(Organisation, Organisation.id == ApiClient.organisation_id).where(administered_by(actor))
    )
