"""Snapshot of public facts for the read copies of the house's services."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request

from registry import publish
from registry.api.access import HouseService
from registry.queries import reference
from servicekit.db import ReadSession
from servicekit.encryption import read_key
from servicekit.pages import InvalidCursor, Page, PageRequest, cursor_key
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Uuid, WholeNumber

router = new_router("registry", "reference")
LARGEST = 1000

Kind = Literal["unit", "organisation", "organisation_succession", "calendar_day", "calendar_year", "deadline_rule"]


class FactAnswer(Answer):
    """One fact; `data` has the shape of the kind's event, `version` is the version of the last event."""

    kind: Kind
    id: Uuid
    version: int
    data: dict[str, Any]


@router.get("/reference", **answers(InvalidCursor))
async def list_facts(
    request: Request,
    session: ReadSession,
    _: HouseService,
    kind: Kind,
    limit: Annotated[int, WholeNumber(ge=1, le=LARGEST, text=True), Query()] = LARGEST,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Page[FactAnswer]:
    """Return every fact of a kind, page by page; then follow the events from these versions on."""
    key = cursor_key(read_key(request.app.state.runtime.settings.index_key.get_secret_value()))
    window = PageRequest(limit, cursor, key).window("registry.reference", {"kind": kind})
    rows = await reference.facts(session, kind, window)
    return window.page(
        rows,
        position=lambda row: (row.id,),
        item=lambda row: FactAnswer(kind=kind, id=row.id, version=row.version, data=publish.fact(kind, row)),
    )
