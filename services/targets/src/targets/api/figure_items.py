"""The items behind a figure made from events: every one of its ones can be pointed at."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession
from servicekit.errors import NotFound
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Code, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader
from targets.domain.event_rules import RULES
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.refusals import UnknownPeriod
from targets.queries.calendar import named_period
from targets.queries.event_items import list_items
from targets.seeds.resolution import indicator_id

router: APIRouter = new_router("targets", "indicators")


class FigureItem(Answer):
    """One thing another service told of, and what it adds to the figure; days, counts and codes only.

    `subject_id` is the id its own service knows it by; `organisation_id` the body it counts for.
    """

    id: Uuid
    kind: Literal["submission", "case", "recommendation", "draft", "criticism", "opinion"]
    subject_id: Uuid
    addressee_id: Uuid | None
    organisation_id: Uuid
    numerator: int
    denominator: int
    counted: int
    expected: int
    facts: dict[str, bool | int | str]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored item with its contribution."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


@router.get(
    "/indicators/{code}/periods/{period}/items", **answers(NotFound, UnknownPeriod, NotOnePeriod, InvalidCursor)
)
async def list_figure_items(
    actor: Reader,
    code: Code,
    period: Code,
    pages: PageQuery,
    session: ReadSession,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query(description="Only what lies at or below this organisation")] = None,
) -> Page[FigureItem]:
    """List the items behind a figure, as far as the caller may see reports of the same organisations.

    For who sees all of them, their numerators add up to the figure's numerator, and so do the other three. 404 for an
    indicator that is not made from events.
    """
    span = await named_period(session, period, local_date(now))
    if code not in RULES:
        raise NotFound
    window = pages.window("targets.figure_items", {"code": code, "period": span.code, "below": organisation_id})
    rows = await list_items(
        session, window, indicator_id=indicator_id(code), period=span.code, organisation_id=organisation_id
    )
    return window.page(rows, position=lambda row: (row.id,), item=FigureItem.of)
