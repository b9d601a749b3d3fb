"""Add bodies the seed does not know (departments), rename them, and end them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.actions.end_access import revoke_holders
from registry.domain.errors import OutsideYourOrganisations
from registry.queries.administering import administered_organisation
from registry.tables import Organisation, Unit
from servicekit import audit
from servicekit.errors import Invalid, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.outbox import record
from servicekit.vietnamese import plain, sort_key
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True)
class NewDepartment:
    """A department under a body; `source` names the decision that set it up."""

    name: str
    parent_id: UUID
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class OrganisationChange:
    """What changes; None leaves it. `valid_to` is the last day."""

    name: str | None
    valid_to: date | None
    source: str


async def add_department(
    session: AsyncSession, new: NewDepartment, *, organisation_id: UUID, actor: Actor, now: datetime
) -> Organisation:
    """Store a department. Raises UnknownOrganisation, OutsideYourOrganisations."""
    parent = await administered_organisation(session, actor, new.parent_id, max(new.valid_from, local_date(now)))
    if new.valid_from < parent.valid_from:
        raise Invalid(errors=[{"field": "body.valid_from", "code": "before_parent"}])
    row = Organisation(
        id=organisation_id,
        kind="department",
        name=new.name,
        level=parent.level,
        unit_id=parent.unit_id,
        parent_id=parent.id,
        path=[*parent.path, organisation_id],
        valid_from=new.valid_from,
        valid_to=None,
        start_known=True,
        plain_name=plain(new.name),
        sort_key=sort_key(new.name),
        source=new.source,
        version=1,
    )
    session.add(row)
    await _finish(session, row, "organisation.added", actor=actor, now=now)
    return row


async def change_organisation(
    session: AsyncSession,
    organisation_id: UUID,
    change: OrganisationChange,
    *,
    expected: int,
    actor: Actor,
    now: datetime,
) -> Organisation:
    """Rename or end a body. Raises NotFound, OutsideYourOrganisations, StaleVersion, Invalid."""
    row = (
        await session.scalars(select(Organisation).where(Organisation.id == organisation_id).with_for_update())
    ).one_or_none()
    if row is None:
        raise NotFound
    if actor.organisations("administrator").isdisjoint(row.path):
        raise OutsideYourOrganisations
    if row.version != expected:
        raise StaleVersion
    if change.valid_to is not None:
        if change.valid_to < row.valid_from:
            raise Invalid(errors=[{"field": "body.valid_to", "code": "span_reversed"}])
        row.valid_to = change.valid_to
    if change.name is not None:
        row.name, row.plain_name, row.sort_key = change.name, plain(change.name), sort_key(change.name)
    row.source = change.source
    row.version += 1
    await _finish(session, row, "organisation.changed", actor=actor, now=now)
    if row.valid_to is not None and row.valid_to <= local_date(now):
        # An end on a later day is in every token issued that day (domain/token_life).
        await revoke_holders(session, organisation_id, now=now)
    return row


async def _finish(session: AsyncSession, row: Organisation, action: str, *, actor: Actor, now: datetime) -> None:
    await session.flush()
    code = await session.scalar(select(Unit.code).where(Unit.id == row.unit_id))
    await audit.write(
        session,
        action=action,
        subject_type="organisation",
        subject_id=row.id,
        actor=actor,
        now=now,
        details={"version": row.version},
    )
    await record(session, event=publish.organisation_changed(row, str(code)), now=now)
