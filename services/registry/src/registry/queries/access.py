"""What sign-in and authorisation need to know: accounts, clients, grants, who administers what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Text, and_, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import (
    Account,
    ApiClient,
    ForeignIdentity,
    Organisation,
    OrganisationSuccession,
    Revocation,
    RoleGrant,
)
from servicekit.identity import Grant


@dataclass(frozen=True, slots=True)
class Held:
    """The roles held on a day, and the earliest last day among them, when any has one."""

    grants: tuple[Grant, ...]
    last_day: date | None


def stands_on(thing: Any, day: date) -> ColumnElement[bool]:
    """Return the condition that a table's span (`valid_from` to `valid_to`, both included) holds this day."""
    condition: ColumnElement[bool] = and_(thing.valid_from <= day, or_(thing.valid_to.is_(None), thing.valid_to >= day))
    return condition


async def grants_on(session: AsyncSession, holder: UUID, day: date) -> Held:
    """Return the roles an account or client holds on a day, at organisations that stand on it (one statement).

    A role counts as well at what went into its organisation as a whole, by a new name, a merger or the like, at any
    remove: what was begun there is this organisation's to finish. After a split a person decides who goes on with what.
    """
    held = (
        select(
            RoleGrant.role,
            RoleGrant.organisation_id,
            func.least(RoleGrant.valid_to, Organisation.valid_to).label("last_day"),
        )
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(
            or_(RoleGrant.account_id == holder, RoleGrant.api_client_id == holder),
            RoleGrant.ended_at.is_(None),
            stands_on(RoleGrant, day),
            stands_on(Organisation, day),
        )
        .cte("held", recursive=True)
    )
    went_in = (
        select(held.c.role, OrganisationSuccession.predecessor_id, held.c.last_day)
        .join(OrganisationSuccession, OrganisationSuccession.successor_id == held.c.organisation_id)
        .where(OrganisationSuccession.kind != "SPLIT")
    )
    reach = held.union(went_in)
    rows = (await session.execute(select(reach).order_by(reach.c.role, reach.c.organisation_id))).all()
    return Held(
        grants=tuple(dict.fromkeys(Grant(row.role, row.organisation_id) for row in rows)),
        last_day=min((row.last_day for row in rows if row.last_day), default=None),
    )


async def account_named(session: AsyncSession, username: str, *, for_session: bool = False) -> Account | None:
    """Return the account with this name; `for_session` holds it so that no lock or end of a role passes unseen."""
    statement = select(Account).where(Account.username == username)
    if for_session:
        statement = statement.with_for_update(read=True)
    return (await session.scalars(statement)).one_or_none()


async def is_vouched_for(session: AsyncSession, account: UUID) -> bool:
    """Tell whether the account's person signs in at an identity provider."""
    return bool(await session.scalar(select(exists().where(ForeignIdentity.account_id == account))))


async def client_named(session: AsyncSession, client_id: str, *, for_session: bool = False) -> ApiClient | None:
    """Return the client with this id; `for_session` as for accounts."""
    statement = select(ApiClient).where(ApiClient.client_id == client_id)
    if for_session:
        statement = statement.with_for_update(read=True)
    return (await session.scalars(statement)).one_or_none()


async def revocations_since(session: AsyncSession, cursor: int | None, now: datetime) -> tuple[list[Any], int]:
    """Return the revocations that the snapshot behind `cursor` did not see and that still count, and the next cursor.

    The cursor is the oldest transaction that was still running (one statement, so of the same snapshot): whatever
    commits later has that number or a greater one. A cursor of the future is from before a restore; all is returned.
    """
    horizon = select(
        cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger).label("cursor")
    ).cte("horizon")
    counts = Revocation.expires_at > now
    if cursor is not None:
        counts &= or_(Revocation.transaction_id >= cursor, horizon.c.cursor < cursor)
    statement = select(horizon.c.cursor, Revocation).outerjoin_from(horizon, Revocation, counts)
    rows = (await session.execute(statement)).all()
    return [row.Revocation for row in rows if row.Revocation is not None], rows[0].cursor
