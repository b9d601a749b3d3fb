"""What of issued snapshots everybody may read without signing in: their public view, and nothing else."""

from fastapi import APIRouter, Response

from servicekit.db import FactSession
from servicekit.errors import NotFound
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid
from targets.api.snapshot_answers import FigureKey, PublishedAnswer
from targets.api.snapshot_figures import FigureAnswer
from targets.api.snapshot_files import DataForm, DocumentForm, InLanguage, TheDesk
from targets.api.snapshots import figure_answer
from targets.domain.snapshot_refusals import RenderingBusy
from targets.queries import snapshots as queries
from targets.rendering.press import DATA, DOCUMENTS

router: APIRouter = new_router("targets", "published")


@router.get("/published", **answers(InvalidCursor))
async def list_published(pages: PageQuery, session: FactSession) -> Page[PublishedAnswer]:
    """List the issued reviews in the order they were made."""
    rows = await queries.list_published(session, window := pages.window("targets.published", {}))
    return window.page(rows, position=lambda row: (row.snapshot_id,), item=PublishedAnswer.of)


@router.get("/published/{snapshot_id}", **answers(NotFound))
async def read_published(snapshot_id: Uuid, session: FactSession) -> PublishedAnswer:
    """Return an issued review."""
    return PublishedAnswer.of(await queries.find_published_head(session, snapshot_id))


@router.get("/published/{snapshot_id}/figures/{key}", **answers(NotFound))
async def read_published_figure(snapshot_id: Uuid, key: FigureKey, session: FactSession) -> FigureAnswer:
    """Return one published figure with its formula and inputs; small counts of persons are withheld."""
    return figure_answer(await queries.find_published_figure(session, snapshot_id, key))


@router.get(
    "/published-files/{snapshot_id}/document.{form}", response_class=Response, **answers(NotFound, RenderingBusy)
)
async def read_published_document(
    snapshot_id: Uuid, form: DocumentForm, session: FactSession, desk: TheDesk, language: InLanguage = "vi"
) -> Response:
    """Return the public report of an issued review as Markdown, DOCX or PDF."""
    frozen = await queries.find_published(session, snapshot_id)
    return await desk.file(session, frozen, form, DOCUMENTS, public=True, language=language)


@router.get("/published-files/{snapshot_id}/data.{form}", response_class=Response, **answers(NotFound, RenderingBusy))
async def read_published_data(
    snapshot_id: Uuid, form: DataForm, session: FactSession, desk: TheDesk, language: InLanguage = "vi"
) -> Response:
    """Return the public figures of an issued review as JSON, CSV, XLSX or SDMX-CSV 2.0, or their structure."""
    frozen = await queries.find_published(session, snapshot_id)
    return await desk.file(session, frozen, form, DATA, public=True, language=language)
