"""Give an account or a client a role at an organisation, and take it away."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import revoke_account
from registry.domain.errors import ManagedBySettings, OutsideYourOrganisations, OwnAccount, RoleNotGrantable
from registry.domain.ids import first_administrator_id
from registry.domain.roles import CLIENT_ROLES, PERSON_ROLES
from registry.queries.administering import administered_account, administered_organisation
from registry.tables import Organisation, RoleGrant
from servicekit import audit
from servicekit.errors import Invalid, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date

FIRST_ADMINISTRATOR_ID = first_administrator_id("quantri")


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A role at an organisation for a span of dates; `valid_from` None means today."""

    role: str
    organisation_id: UUID
    valid_from: date | None = None
    valid_to: date | None = None


async def grant_role(
    session: AsyncSession, new: NewGrant, *, account_id: UUID, actor: Actor, now: datetime
) -> RoleGrant:
    """Give an account a role. Raises NotFound, OwnAccount, RoleNotGrantable, UnknownOrganisation and the like.

    The same role at the same organisation twice at a time is refused by the table (409).
    """
    await administered_account(session, actor, account_id)
    if account_id == actor.id:
        raise OwnAccount
    return await insert_grant(session, new, account_id=account_id, actor=actor, now=now)


async def insert_grant(
    session: AsyncSession,
    new: NewGrant,
    *,
    actor: Actor,
    now: datetime,
    account_id: UUID | None = None,
    api_client_id: UUID | None = None,
) -> RoleGrant:
    """Store a grant for a holder the actor may already look after."""
    today = local_date(now)
    if new.role not in (PERSON_ROLES if account_id else CLIENT_ROLES):
        raise RoleNotGrantable
    begins = new.valid_from or today
    if new.valid_to is not None and new.valid_to < begins:
        raise Invalid(errors=[{"field": "body.valid_to", "code": "span_reversed"}])
    await administered_organisation(session, actor, new.organisation_id, max(begins, today))
    grant = RoleGrant(
        id=uuid4(),
        account_id=account_id,
        api_client_id=api_client_id,
        role=new.role,
        organisation_id=new.organisation_id,
        valid_from=begins,
        valid_to=new.valid_to,
        granted_by=actor.id,
        created_at=now,
        version=1,
    )
    session.add(grant)
    await session.flush()
    await audit.write(
        session,
        action="role.granted",
        subject_type="role_grant",
        subject_id=grant.id,
        actor=actor,
        now=now,
        details={
            "holder": account_id or api_client_id,
            "role": new.role,
            "organisation": new.organisation_id,
        },
    )
    return grant


async def end_role(
    session: AsyncSession, grant_id: UUID, *, account_id: UUID, expected: int, actor: Actor, now: datetime
) -> RoleGrant:
    """Take a role away now; the account's tokens so far are no good.

    Raises NotFound, StaleVersion, OutsideYourOrganisations, ManagedBySettings.
    """
    await administered_account(session, actor, account_id)
    found = (
        await session.execute(
            select(RoleGrant, Organisation.path)
            .join(Organisation, Organisation.id == RoleGrant.organisation_id)
            .where(RoleGrant.id == grant_id, RoleGrant.account_id == account_id, RoleGrant.ended_at.is_(None))
            .with_for_update(of=RoleGrant)
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    grant, path = found
    if actor.organisations("administrator").isdisjoint(path):
        raise OutsideYourOrganisations
    if account_id == FIRST_ADMINISTRATOR_ID and grant.role == "administrator":
        raise ManagedBySettings
    if grant.version != expected:
        raise StaleVersion
    grant.ended_at = now
    grant.version += 1
    await session.flush()
    await audit.write(
        session,
        action="role.ended",
        subject_type="role_grant",
        subject_id=grant_id,
        actor=actor,
        now=now,
        details={"holder": account_id, "role": grant.role, "organisation": grant.organisation_id},
    )
    await revoke_account(session, account_id, reason="role_ended", now=now)
    return grant
