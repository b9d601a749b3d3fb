"""What staff read: lists, one item, its photos, its deadlines."""

from typing import Annotated, Any

from fastapi import Query, Response

from feedback.actions.take_step import roles_at
from feedback.api import showing
from feedback.api.access import Office, Staff, TheOffice
from feedback.api.item_models import DeadlineAnswer, Item, ItemSummary, Status
from feedback.api.photo_answer import PHOTO, photo_answer
from feedback.domain.codes import read_code
from feedback.queries.submissions import file_of_item, item_for_deadline, item_in_full, list_items
from servicekit.db import ReadSession
from servicekit.errors import NotFound
from servicekit.etags import set_etag
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import LegalDate, SearchText, Uuid

router = new_router("feedback", "submissions")


@router.get("/submissions", response_model=Page[ItemSummary], **answers(InvalidCursor))
async def list_submissions(
    actor: Staff,
    session: ReadSession,
    pages: PageQuery,
    office: TheOffice,
    status: Status | None = None,
    unit_id: Uuid | None = None,
    due_before: Annotated[LegalDate | None, Query(description="Answer due before this day.")] = None,
    code: Annotated[SearchText | None, Query(description="The sender's code.")] = None,
) -> Page[ItemSummary]:
    """List the items of one's organisation and those below it, and those it holds; newest first."""
    filters = {"status": status, "unit_id": unit_id, "due_before": due_before, "code": code}
    window = pages.window("feedback.submissions", filters)
    rows = await list_items(
        session,
        window,
        actor=actor,
        status=status,
        unit_id=unit_id,
        due_before=due_before,
        code=read_code(code) if code is not None else None,
    )
    return window.page(rows, position=_position, item=lambda row: _summary(office, row))


@router.get("/submissions/{submission_id}", response_model=Item, **answers(NotFound))
async def read_submission(
    submission_id: Uuid, actor: Staff, session: ReadSession, office: TheOffice, response: Response
) -> Item:
    """Return one item with content, timeline, photos and what the caller can do with it."""
    row = await item_in_full(session, submission_id, actor=actor)
    set_etag(response, row.version)
    response.headers["Cache-Control"] = "no-store"
    at_front = roles_at(actor, row.front_path)
    at_holder = roles_at(actor, (row.holder_organisation_id,))
    return Item.model_validate(showing.item(office, row, at_front, at_holder))


@router.get("/submissions/{submission_id}/deadline", response_model=DeadlineAnswer, **answers(NotFound))
async def explain_deadline(
    submission_id: Uuid, actor: Staff, session: ReadSession, office: TheOffice, response: Response
) -> DeadlineAnswer:
    """Explain each deadline day by day, with its legal basis, how sure that is, and what it was before."""
    row = await item_for_deadline(session, submission_id, actor=actor)
    set_etag(response, row.version)
    return DeadlineAnswer.model_validate(showing.clocks(office, row))


@router.get(
    "/submissions/{submission_id}/attachments/{attachment_id}",
    response_class=Response,
    **answers(NotFound) | PHOTO,
)
async def read_photo(
    submission_id: Uuid, attachment_id: Uuid, actor: Staff, session: ReadSession, office: TheOffice
) -> Response:
    """Return a photo as it is kept."""
    return await photo_answer(office, await file_of_item(session, submission_id, attachment_id, actor=actor))


def _position(row: Any) -> tuple[Any, ...]:
    return row.received_at, row.id


def _summary(office: Office, row: Any) -> ItemSummary:
    return ItemSummary.model_validate(showing.summary(office, row))
