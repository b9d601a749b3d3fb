"""Changes of bodies, for administrators; reading them is in `territory`."""

from uuid import uuid4

from fastapi import Response

from registry.actions.change_organisation import (
    NewDepartment,
    OrganisationChange,
    add_department,
    change_organisation,
)
from registry.api.access import Administrator
from registry.api.territory_answers import OrganisationAnswer, organisation_fields
from registry.domain.errors import OutsideYourOrganisations, UnknownOrganisation
from registry.queries import territory
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.errors import Conflict
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.routes import answers, new_router
from servicekit.text import ApiModel, LegalDate, SafeLine, Uuid

router = new_router("registry", "organisations")


class DepartmentRequest(ApiModel):
    """A department (sở, ban, phòng) under a body; `source` names the decision."""

    name: SafeLine
    parent_id: Uuid
    valid_from: LegalDate
    source: SafeLine


class OrganisationChangeRequest(ApiModel):
    """A new name or the last day of a body; `source` names the decision."""

    name: SafeLine | None = None
    valid_to: LegalDate | None = None
    source: SafeLine


@router.post(
    "/organisations",
    status_code=201,
    dependencies=[Idempotent],
    **answers(UnknownOrganisation, OutsideYourOrganisations),
)
async def add(
    body: DepartmentRequest, session: WriteSession, actor: Administrator, response: Response, now: Now
) -> OrganisationAnswer:
    """Add a department under a body you administer."""
    new = NewDepartment(name=body.name, parent_id=body.parent_id, valid_from=body.valid_from, source=body.source)
    row = await add_department(session, new, organisation_id=uuid4(), actor=actor, now=now)
    set_etag(response, row.version)
    response.headers["Location"] = f"/api/v1/registry/organisations/{row.id}"
    return OrganisationAnswer(**organisation_fields(await territory.organisation(session, row.id)))


@router.patch("/organisations/{organisation_id}", **answers(Conflict, OutsideYourOrganisations))
async def change(
    organisation_id: Uuid,
    body: OrganisationChangeRequest,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
) -> OrganisationAnswer:
    """Rename or end a body you administer."""
    wanted = OrganisationChange(name=body.name, valid_to=body.valid_to, source=body.source)
    row = await change_organisation(session, organisation_id, wanted, expected=version, actor=actor, now=now)
    set_etag(response, row.version)
    return OrganisationAnswer(**organisation_fields(await territory.organisation(session, row.id)))
