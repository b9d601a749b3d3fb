"""How many people live in the units, as far as anybody entered it with a source."""

from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import FactSession, WriteSession
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, LegalDate, SafeLine, Uuid, WholeNumber
from targets.actions.set_population import Count
from targets.actions.set_population import set_population as set_it
from targets.api.access import MonitoringOfficer, Reader
from targets.domain.allocation_refusals import PopulationAhead, UnknownUnit
from targets.queries import population as queries

router: APIRouter = new_router("targets", "population")


class PopulationBody(ApiModel):
    """A count and its source, such as the statistics office's publication."""

    persons: Annotated[int, WholeNumber(ge=0, le=1_000_000_000)]
    source: SafeLine


class PopulationAnswer(Answer):
    """The population of a unit on a day; it counts for every period that ends on or after it, until a later one."""

    unit_id: Uuid
    counted_on: LegalDate
    persons: int
    source: str
    version: int

    @classmethod
    def of(cls, row: Row[tuple[object, ...]]) -> Self:
        """Show a stored count."""
        return cls.model_validate(row)


@router.get("/population", **answers(InvalidCursor))
async def list_population(
    actor: Reader,
    pages: PageQuery,
    session: FactSession,
    unit_id: Annotated[Uuid | None, Query(description="Only this unit")] = None,
) -> Page[PopulationAnswer]:
    """List what was entered, by unit and day; a unit that is not in it has no known population."""
    window = pages.window("targets.population", {"unit": unit_id})
    rows = await queries.list_counts(session, window, unit_id=unit_id)
    return window.page(rows, position=lambda row: (row.unit_id, row.counted_on), item=PopulationAnswer.of)


@router.put("/population/{unit_id}/{counted_on}", **answers(UnknownUnit, PopulationAhead))
async def set_population(
    actor: MonitoringOfficer,
    unit_id: Uuid,
    counted_on: LegalDate,
    given: PopulationBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> PopulationAnswer:
    """Enter or correct a count; `If-Match: "0"` for one that was not entered yet. Every coverage follows at once."""
    count = Count(unit_id=unit_id, counted_on=counted_on, persons=given.persons, source=given.source)
    made = await set_it(session, count, version=version, actor=actor, now=now)
    set_etag(response, made)
    return PopulationAnswer(
        unit_id=unit_id, counted_on=counted_on, persons=given.persons, source=given.source, version=made
    )
