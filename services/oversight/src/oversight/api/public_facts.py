"""Snapshot of what is public of cases and recommendations, for services whose copy is lost or too old for events."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request

from contracts.public_facts_v1 import CaseFacts, RecommendationFacts
from oversight.api.access import HouseService
from oversight.queries import public_facts
from servicekit.db import FactSession
from servicekit.encryption import read_key
from servicekit.pages import InvalidCursor, Page, PageRequest, cursor_key
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Uuid, WholeNumber

router = new_router("oversight", "public facts")
LARGEST = 1000
Kind = Literal["case", "recommendation"]


class FactsAnswer(Answer):
    """One case or recommendation; `version` is the version of its last event."""

    kind: Kind
    id: Uuid
    version: int
    data: CaseFacts | RecommendationFacts


@router.get("/facts", **answers(InvalidCursor))
async def list_facts(
    request: Request,
    _: HouseService,
    session: FactSession,
    kind: Kind,
    limit: Annotated[int, WholeNumber(ge=1, le=LARGEST, text=True), Query()] = LARGEST,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Page[FactsAnswer]:
    """Return what the events told of everything of a kind, page by page; then follow the events from there on."""
    key = cursor_key(read_key(request.app.state.runtime.settings.index_key.get_secret_value()))
    window = PageRequest(limit, cursor, key).window("oversight.facts", {"kind": kind})
    rows = await public_facts.public_facts(session, kind, window)
    return window.page(
        rows,
        position=lambda row: (row.id,),
        item=lambda row: FactsAnswer(kind=kind, id=row.id, version=row.version, data=_read(kind, row.data)),
    )


def _read(kind: Kind, data: Any) -> CaseFacts | RecommendationFacts:
    return CaseFacts.model_validate(data) if kind == "case" else RecommendationFacts.model_validate(data)
