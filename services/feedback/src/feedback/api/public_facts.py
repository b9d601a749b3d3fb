"""Snapshot of what is public of submissions, for services whose copy is lost or too old for the events."""

from typing import Annotated

from fastapi import Query, Request

from contracts.public_facts_v1 import SubmissionFacts
from feedback.api.access import HouseService
from feedback.queries import public_facts
from servicekit.db import FactSession
from servicekit.encryption import read_key
from servicekit.pages import InvalidCursor, Page, PageRequest, cursor_key
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Uuid, WholeNumber

router = new_router("feedback", "public facts")
LARGEST = 1000


class SubmissionFactsAnswer(Answer):
    """One submission; `version` is the version of its last event."""

    id: Uuid
    version: int
    data: SubmissionFacts


@router.get("/facts", **answers(InvalidCursor))
async def list_facts(
    request: Request,
    _: HouseService,
    session: FactSession,
    limit: Annotated[int, WholeNumber(ge=1, le=LARGEST, text=True), Query()] = LARGEST,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Page[SubmissionFactsAnswer]:
    """Return what the events told of every submission, page by page; then follow the events from these versions on."""
    key = cursor_key(read_key(request.app.state.runtime.settings.index_key.get_secret_value()))
    window = PageRequest(limit, cursor, key).window("feedback.facts")
    rows = await public_facts.public_facts(session, window)
    return window.page(
        rows,
        position=lambda row: (row.id,),
        item=lambda row: SubmissionFactsAnswer(id=row.id, version=row.version, data=row.data),
    )
