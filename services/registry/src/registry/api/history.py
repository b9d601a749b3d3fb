"""Public reads over time: the tree of a day, who bore a name on a day, and what became of a whole series.

Declared before `territory`, whose `/units/{unit_id}` would take the word for an id.
"""

from datetime import date
from typing import Annotated

from fastapi import Query, Response

from registry.api.access import Anyone
from registry.api.territory_answers import (
    Confidence,
    Kind,
    Level,
    OnDay,
    OrganisationAnswer,
    OrganisationBrief,
    UnitAnswer,
    UnitBrief,
    let_caches_keep,
    organisation_fields,
)
from registry.queries import history
from registry.queries.history import ORGANISATIONS, UNITS, Became, TreeFilter
from servicekit.clock import Now
from servicekit.db import ReadSession
from servicekit.errors import NotFound
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Exact, SafeLine, Uuid, WholeNumber
from servicekit.working_days import local_date

router = new_router("registry", "history")
MOST_IDS = 100
MOST_NAMESAKES = 50

Root = Annotated[Uuid | None, Query(description="Only what stands at or below this one; everything when absent.")]
Depth = Annotated[int, WholeNumber(ge=0, le=10, text=True), Query(description="Levels below the root.")]
Ids = Annotated[list[Uuid], Query(alias="id", min_length=1, max_length=MOST_IDS)]
Name = Annotated[SafeLine, Query(description="The whole name, with or without marks.")]


class UnitNode(UnitAnswer):
    """A unit in the tree of a day; `depth` is 0 for the root."""

    depth: int


class OrganisationNode(OrganisationAnswer):
    """A body in the tree of a day; `depth` is 0 for the root."""

    depth: int


class UnitPortion(Answer):
    """Who stands for it, and how much of it is there: a product of ratios, null where a share is unknown."""

    unit: UnitBrief
    ratio: Exact | None
    confidence: Confidence


class OrganisationPortion(Answer):
    """Who stands for it, and how much of it is there: a product of ratios, null where a share is unknown."""

    organisation: OrganisationBrief
    ratio: Exact | None
    confidence: Confidence


class UnitBecame(Answer):
    """A unit, and who stands for it on the day asked about: itself, its successors, or nobody."""

    unit: UnitBrief
    stands_as: list[UnitPortion]


class OrganisationBecame(Answer):
    """A body, and who stands for it on the day asked about: itself, its successors, or nobody."""

    organisation: OrganisationBrief
    stands_as: list[OrganisationPortion]


class UnitsBecame(Answer):
    """Every unit asked for, in the order asked, and who stands for it on the day."""

    on: date
    items: list[UnitBecame]


class OrganisationsBecame(Answer):
    """Every body asked for, in the order asked, and who stands for it on the day."""

    on: date
    items: list[OrganisationBecame]


@router.get("/units/tree", **answers(InvalidCursor, NotFound))
async def read_unit_tree(
    session: ReadSession,
    pages: PageQuery,
    now: Now,
    response: Response,
    _: Anyone,
    on: OnDay = None,
    root: Root = None,
    level: Level | None = None,
    depth: Depth = 2,
) -> Page[UnitNode]:
    """Return the tree of units of a day, parents before children; `parent_id` says where each hangs."""
    wanted = TreeFilter(on or local_date(now), root, depth, level=level)
    window = pages.window("registry.unit_tree", {"on": on, "root": root, "level": level, "depth": depth})
    top, rows = await history.tree(session, window, UNITS, wanted)
    let_caches_keep(response)
    return window.page(
        rows,
        position=lambda row: (row.depth, row[0].sort_key, row[0].id),
        item=lambda row: UnitNode(**UnitAnswer.model_validate(row[0]).model_dump(), depth=row.depth - top),
    )


@router.get("/organisations/tree", **answers(InvalidCursor, NotFound))
async def read_organisation_tree(
    session: ReadSession,
    pages: PageQuery,
    now: Now,
    response: Response,
    _: Anyone,
    on: OnDay = None,
    root: Root = None,
    kind: Kind | None = None,
    depth: Depth = 2,
) -> Page[OrganisationNode]:
    """Return the tree of bodies of a day, parents before children; `parent_id` says where each hangs."""
    wanted = TreeFilter(on or local_date(now), root, depth, kind=kind)
    window = pages.window("registry.organisation_tree", {"on": on, "root": root, "kind": kind, "depth": depth})
    top, rows = await history.tree(session, window, ORGANISATIONS, wanted)
    let_caches_keep(response)
    return window.page(
        rows,
        position=lambda row: (row.depth, row[0].sort_key, row[0].id),
        item=lambda row: OrganisationNode(**organisation_fields(row), depth=row.depth - top),
    )


@router.get("/units/successors", **answers(NotFound))
async def read_unit_successors(
    session: ReadSession, now: Now, response: Response, _: Anyone, wanted: Ids, on: OnDay = None
) -> UnitsBecame:
    """Return who stands on a day for each unit of a series, with its share: how a series of figures is carried on."""
    day = on or local_date(now)
    found = await history.became(session, UNITS, await history.things(session, UNITS, wanted), day)
    let_caches_keep(response)
    return UnitsBecame(on=day, items=[_unit_became(each) for each in found])


@router.get("/organisations/successors", **answers(NotFound))
async def read_organisation_successors(
    session: ReadSession, now: Now, response: Response, _: Anyone, wanted: Ids, on: OnDay = None
) -> OrganisationsBecame:
    """Return who stands on a day for each body of a series, with its share: how a series of figures is carried on."""
    day = on or local_date(now)
    found = await history.became(session, ORGANISATIONS, await history.things(session, ORGANISATIONS, wanted), day)
    let_caches_keep(response)
    return OrganisationsBecame(on=day, items=[_organisation_became(each) for each in found])


@router.get("/units/named")
async def find_units_by_name(
    session: ReadSession, now: Now, response: Response, _: Anyone, name: Name, on: OnDay = None
) -> UnitsBecame:
    """Return every unit that bore a name on a day, and who stands for it today.

    One name stood for several units at once (two Phường Thuận An): the caller chooses.
    """
    today = local_date(now)
    found = await history.named(session, UNITS, name, on or today, MOST_NAMESAKES)
    let_caches_keep(response)
    became = await history.became(session, UNITS, found, today)
    return UnitsBecame(on=today, items=[_unit_became(each) for each in became])


@router.get("/organisations/named")
async def find_organisations_by_name(
    session: ReadSession, now: Now, response: Response, _: Anyone, name: Name, on: OnDay = None
) -> OrganisationsBecame:
    """Return every body that bore a name on a day, and who stands for it today."""
    today = local_date(now)
    found = await history.named(session, ORGANISATIONS, name, on or today, MOST_NAMESAKES)
    let_caches_keep(response)
    became = await history.became(session, ORGANISATIONS, found, today)
    return OrganisationsBecame(on=today, items=[_organisation_became(each) for each in became])


def _unit_became(found: Became) -> UnitBecame:
    return UnitBecame(
        unit=UnitBrief.model_validate(found.thing),
        stands_as=[
            UnitPortion(unit=UnitBrief.model_validate(heir), ratio=portion.ratio, confidence=portion.confidence)
            for heir, portion in found.heirs
        ],
    )


def _organisation_became(found: Became) -> OrganisationBecame:
    return OrganisationBecame(
        organisation=OrganisationBrief.model_validate(found.thing),
        stands_as=[
            OrganisationPortion(
                organisation=OrganisationBrief.model_validate(heir), ratio=portion.ratio, confidence=portion.confidence
            )
            for heir, portion in found.heirs
        ],
    )
