"""Targets handed down to units."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from servicekit.clock import Now
from servicekit.db import FactSession, WriteSession
from servicekit.errors import NotFound
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, FlagParam, WholeNumber
from servicekit.working_days import local_date
from targets.actions.allocate import NewAllocation, allocate, day_that_counts
from targets.api.access import MonitoringOfficer, Reader
from targets.api.allocation_models import AllocationAnswer, AllocationBody, AllocationVersionAnswer
from targets.domain import allocation_refusals as refusals
from targets.domain.allocating import balance
from targets.domain.formula_refusals import DecisionAhead
from targets.queries import allocations as queries

router: APIRouter = new_router("targets", "allocations")
Number = Annotated[int, WholeNumber(ge=1, le=10_000, text=True)]


@router.get("/indicators/{code}/targets/{number}/allocation", **answers(NotFound))
async def read_allocation(
    actor: Reader,
    code: Code,
    number: Number,
    response: Response,
    session: FactSession,
    now: Now,
    version: Annotated[Number | None, Query(description="An earlier version; without it, the newest")] = None,
) -> AllocationAnswer:
    """Return what each unit was given of a target, what that comes to, the gap, and who was given nothing."""
    target = await queries.find_target_version(session, code, number)
    wanted = target.allocated_version if version is None else version
    rows = await queries.find_allocation(session, target.id, wanted)
    if version is not None and not rows:
        raise NotFound
    parts = {row.organisation_id: row.value for row in rows if row.organisation_id is not None}
    units = await queries.find_units(
        session, target.indicator_id, day_that_counts(target, local_date(now)), list(parts)
    )
    head = rows[0] if rows else None
    set_etag(response, target.allocated_version)
    return AllocationAnswer.of(
        target,
        parts,
        units,
        None if head is None or target.value is None else balance(target.value, head.method, parts, units),
        version=wanted,
        stored=bool(rows),
        method=None if head is None else head.method,
        decision=None if head is None else head.decision,
        decided_on=None if head is None else head.decided_on,
        set_at=None if head is None else head.set_at,
    )


@router.put(
    "/indicators/{code}/targets/{number}/allocation",
    **answers(
        NotFound,
        refusals.NothingToAllocate,
        refusals.WrongAllocationMethod,
        refusals.BadAllocation,
        DecisionAhead,
    ),
)
async def set_allocation(
    actor: MonitoringOfficer,
    code: Code,
    number: Number,
    given: AllocationBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
    dry_run: Annotated[FlagParam, Query(description="Check and show everything, store nothing")] = False,
) -> AllocationAnswer:
    """Hand a target down to units, all of them in one call; the gap to the whole is shown and is no mistake."""
    new = NewAllocation(
        method=given.method,
        decision=given.decision,
        decided_on=given.decided_on,
        parts=[(unit.organisation_id, unit.value) for unit in given.units],
    )
    found = await allocate(session, code, number, new, version=version, dry_run=dry_run, actor=actor, now=now)
    set_etag(response, version if dry_run else found.version)
    return AllocationAnswer.of(
        found.target,
        found.parts,
        found.units,
        found.balance,
        version=found.version,
        stored=not dry_run,
        method=given.method,
        decision=given.decision,
        decided_on=given.decided_on,
        set_at=None if dry_run else now,
    )


@router.get("/indicators/{code}/targets/{number}/allocation/versions", **answers(NotFound, InvalidCursor))
async def list_allocation_versions(
    actor: Reader, code: Code, number: Number, pages: PageQuery, session: FactSession
) -> Page[AllocationVersionAnswer]:
    """List every version of an allocation with its decision, oldest first."""
    target = await queries.find_target_version(session, code, number)
    window = pages.window("targets.allocation_versions", {"indicator": code, "number": number})
    rows = await queries.list_allocations(session, target.id, window)
    return window.page(rows, position=lambda row: (row.version,), item=AllocationVersionAnswer.model_validate)
