"""Public reads of units, codes and bodies, today or on any day."""

from typing import Annotated

from fastapi import Path, Query, Response

from registry.api.access import Anyone
from registry.api.territory_answers import (
    CodeAnswer,
    Kind,
    Level,
    OnDay,
    OrganisationAnswer,
    OrganisationDetailAnswer,
    Search,
    UnitAnswer,
    UnitCode,
    UnitSuccessionAnswer,
    body_answer,
    let_caches_keep,
    organisation_fields,
    organisation_heir,
    unit_heir,
)
from registry.queries import lineage, territory
from registry.queries.territory import OrganisationFilter, UnitFilter
from servicekit.clock import Now
from servicekit.db import ReadSession
from servicekit.etags import set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid
from servicekit.working_days import local_date

router = new_router("registry", "territory")


@router.get("/units", **answers(InvalidCursor))
async def list_units(
    session: ReadSession,
    pages: PageQuery,
    now: Now,
    response: Response,
    _: Anyone,
    code: Annotated[UnitCode | None, Query()] = None,
    on: OnDay = None,
    level: Level | None = None,
    q: Search = None,
) -> Page[UnitAnswer]:
    """List the units standing on a day, in Vietnamese order."""
    wanted = UnitFilter(on=on or local_date(now), code=code, level=level, q=q)
    filters = {"on": on, "code": code, "level": level, "q": q}
    window = pages.window("registry.units", filters)
    let_caches_keep(response)
    return window.page(
        await territory.units(session, window, wanted),
        position=lambda unit: (unit.sort_key, unit.id),
        item=UnitAnswer.model_validate,
    )


@router.get("/units/{unit_id}")
async def read_unit(unit_id: Uuid, session: ReadSession, response: Response, _: Anyone) -> UnitAnswer:
    """Return one unit."""
    unit = await territory.unit(session, unit_id)
    set_etag(response, unit.version)
    let_caches_keep(response)
    return UnitAnswer.model_validate(unit)


@router.get("/units/{unit_id}/succession")
async def read_unit_succession(
    unit_id: Uuid, session: ReadSession, response: Response, _: Anyone
) -> UnitSuccessionAnswer:
    """Return what became of a unit and what it came from, over every step, with clause and legal basis."""
    unit = await territory.unit(session, unit_id)
    after = await lineage.units_after(session, unit_id)
    before = await lineage.units_before(session, unit_id)
    let_caches_keep(response)
    return UnitSuccessionAnswer(
        unit=UnitAnswer.model_validate(unit),
        became=[unit_heir(*row) for row in after],
        came_from=[unit_heir(*row) for row in before],
    )


@router.get("/codes/{code}")
async def read_code(
    code: Annotated[UnitCode, Path()],
    session: ReadSession,
    now: Now,
    response: Response,
    _: Anyone,
    on: OnDay = None,
) -> CodeAnswer:
    """Return the unit that bore a code on a day, the bodies there that day, and what each became.

    A code alone is no identity: 31135 was Phường Tân An until 30 June 2025 and is Phường Ninh Kiều since.
    """
    day = on or local_date(now)
    unit, heirs = await territory.bearer_of(session, code, day)
    bodies = await territory.bodies_at(session, unit.id, day)
    let_caches_keep(response)
    return CodeAnswer(
        on=day,
        unit=UnitAnswer.model_validate(unit),
        became=[unit_heir(succession, heir) for succession, heir in heirs],
        organisations=[body_answer(body) for body in bodies],
    )


@router.get("/organisations", **answers(InvalidCursor))
async def list_organisations(
    session: ReadSession,
    pages: PageQuery,
    now: Now,
    response: Response,
    _: Anyone,
    kind: Kind | None = None,
    level: Level | None = None,
    unit_id: Annotated[Uuid | None, Query()] = None,
    unit_code: Annotated[UnitCode | None, Query(description="The unit's code on the same day.")] = None,
    on: OnDay = None,
    q: Search = None,
) -> Page[OrganisationAnswer]:
    """List the bodies standing on a day, in Vietnamese order."""
    wanted = OrganisationFilter(
        on=on or local_date(now), kind=kind, level=level, unit_id=unit_id, unit_code=unit_code, q=q
    )
    filters = {"on": on, "kind": kind, "level": level, "unit_id": unit_id, "unit_code": unit_code, "q": q}
    window = pages.window("registry.organisations", filters)
    let_caches_keep(response)
    return window.page(
        await territory.organisations(session, window, wanted),
        position=lambda row: (row[0].sort_key, row[0].id),
        item=lambda row: OrganisationAnswer(**organisation_fields(row)),
    )


@router.get("/organisations/{organisation_id}")
async def read_organisation(
    organisation_id: Uuid, session: ReadSession, response: Response, _: Anyone
) -> OrganisationDetailAnswer:
    """Return one body with everything it became and came from."""
    row = await territory.organisation(session, organisation_id)
    after = await lineage.organisations_after(session, organisation_id)
    before = await lineage.organisations_before(session, organisation_id)
    set_etag(response, row[0].version)
    let_caches_keep(response)
    return OrganisationDetailAnswer(
        **organisation_fields(row),
        became=[organisation_heir(*heir) for heir in after],
        came_from=[organisation_heir(*heir) for heir in before],
    )
