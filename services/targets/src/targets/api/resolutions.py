"""Resolutions: load one beside the others, list them, read one as its document."""

from fastapi import Depends, Response

from servicekit.clock import Now
from servicekit.db import FactSession, WriteSession
from servicekit.errors import NotFound, StaleVersion
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid
from servicekit.working_days import local_date
from targets.actions.end_resolution import LastDay, end_resolution
from targets.actions.load_resolution import examine_resolution, load_resolution
from targets.api.access import MonitoringOfficer, Reader, monitoring
from targets.api.dry_run import DryRun, claim_unless_dry
from targets.api.resolution_answers import LoadAnswer, ResolutionAnswer, ResolutionTree
from targets.api.resolution_models import LastDayBody, ResolutionBody
from targets.domain.resolution_refusals import BadResolution
from targets.queries import resolutions as queries

router = new_router("targets", "resolutions")


@router.post(
    "/resolutions",
    status_code=201,
    dependencies=[monitoring, Depends(claim_unless_dry)],
    **answers(BadResolution),
)
async def create_resolution(
    actor: MonitoringOfficer,
    given: ResolutionBody,
    response: Response,
    session: WriteSession,
    now: Now,
    dry_run: DryRun = False,
) -> LoadAnswer:
    """Load a whole resolution as data, all of it or nothing.

    A dry run answers 200 with what would be stored and every problem with its place. Codes of indicators are used once
    over all resolutions, so that /indicators/{code}, reports and events say which one is meant without more.
    """
    document = given.document()
    if dry_run:
        rows, problems = await examine_resolution(session, document, given.text, actor=actor)
        response.status_code = 200
        return LoadAnswer.of(rows, problems, stored=False, quotes_checked=given.text is not None)
    rows = await load_resolution(session, document, given.text, actor=actor, now=now)
    response.headers["Location"] = f"/api/v1/targets/resolutions/{rows.resolution['id']}"
    return LoadAnswer.of(rows, [], stored=True, quotes_checked=given.text is not None)


@router.get("/resolutions", **answers(InvalidCursor))
async def list_resolutions(actor: Reader, pages: PageQuery, session: FactSession, now: Now) -> Page[ResolutionAnswer]:
    """List the resolutions by the day they were issued."""
    window = pages.window("targets.resolutions")
    rows = await queries.list_resolutions(session, window)
    today = local_date(now)
    return window.page(
        rows, position=lambda row: (row.issued_on, row.id), item=lambda row: ResolutionAnswer.of(row, today)
    )


@router.get("/resolutions/{resolution_id}", **answers(NotFound))
async def read_resolution(
    actor: Reader, resolution_id: Uuid, response: Response, session: FactSession, now: Now
) -> ResolutionTree:
    """Return a resolution as its document: part → clause → quote → indicators."""
    row = await queries.find_resolution(session, resolution_id)
    parts = await queries.list_parts(session, resolution_id)
    indicators = await queries.list_own_indicators(session, resolution_id)
    set_etag(response, row.version)
    return ResolutionTree.tree(row, parts, indicators, local_date(now))


@router.patch("/resolutions/{resolution_id}", **answers(NotFound, StaleVersion, BadResolution))
async def end(
    actor: MonitoringOfficer,
    resolution_id: Uuid,
    given: LastDayBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> ResolutionAnswer:
    """Say until when the resolution is in force; its indicators, targets and reports stay."""
    await end_resolution(session, resolution_id, LastDay(**given.model_dump()), version=version, actor=actor, now=now)
    row = await queries.find_resolution(session, resolution_id)
    set_etag(response, row.version)
    return ResolutionAnswer.of(row, local_date(now))
