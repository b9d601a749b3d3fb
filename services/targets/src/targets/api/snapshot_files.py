"""Files of snapshots for their readers: documents and data, in the internal or the public view."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import ReadSession
from servicekit.errors import NotFound
from servicekit.routes import answers, new_router
from servicekit.text import Uuid
from targets.api.access import Reader
from targets.api.snapshot_answers import Language, View
from targets.domain.snapshot_refusals import RenderingBusy
from targets.queries import snapshots as queries
from targets.queries.snapshots import Frozen
from targets.rendering.edition import Edition
from targets.rendering.press import DATA, DOCUMENTS, Form, Press
from targets.settings import TargetsSettings

router: APIRouter = new_router("targets", "snapshots")
DocumentForm = Literal["md", "docx", "pdf"]
DataForm = Literal["json", "csv", "xlsx", "sdmx-csv", "sdmx-json"]
InLanguage = Annotated[Language, Query(description="vi or en")]


class Desk:
    """Where files are asked for: the press, and what stands on every paper."""

    def __init__(self, request: Request) -> None:
        runtime = request.app.state.runtime
        self._settings: TargetsSettings = runtime.settings
        self._press: Press = runtime.part("press")

    async def file(
        self, session: AsyncSession, frozen: Frozen, form: str, forms: Any, *, public: bool, language: str
    ) -> Response:
        """Make a file, the connection given back before: it may take seconds."""
        await session.close()
        made: Form = forms[form]
        edition = self._edition(frozen, public=public, language=language)
        body = await self._press.make(edition, form, made)
        name = f"snapshot-{edition.snapshot_id}-{language}.{form.replace('-', '.')}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Language": language,
            "X-Content-Type-Options": "nosniff",
        }
        return Response(body, media_type=made.media_type, headers=headers)

    def _edition(self, frozen: Frozen, *, public: bool, language: str) -> Edition:
        row = frozen.row
        snapshot_id = getattr(row, "snapshot_id", None) or row.id
        view = "published" if public and row.number else "snapshots"
        return Edition(
            snapshot_id=str(snapshot_id),
            kind=row.kind,
            title=row.title,
            number=row.number,
            issued_on=row.issued_on,
            sha256=frozen.sha256,
            public=public,
            language=language,
            figures_url=f"{self._settings.public_url}/api/v1/targets/{view}/{snapshot_id}/figures",
            authority=_lines(self._settings.review_authority),
            motto=_lines(self._settings.review_motto),
            content=frozen.content,
        )


def _lines(setting: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in setting.split("/"))


TheDesk = Annotated[Desk, Depends(Desk)]


async def _frozen(session: AsyncSession, snapshot_id: Uuid, view: View) -> Frozen:
    find = queries.find_frozen if view == "internal" else queries.find_preview
    return await find(session, snapshot_id)


@router.get("/snapshots/{snapshot_id}/document.{form}", response_class=Response, **answers(NotFound, RenderingBusy))
async def read_document(
    actor: Reader,
    snapshot_id: Uuid,
    form: DocumentForm,
    session: ReadSession,
    desk: TheDesk,
    view: Annotated[View, Query()] = "internal",
    language: InLanguage = "vi",
) -> Response:
    """Return the review's report as Markdown, DOCX or PDF; every number in it links to its source."""
    frozen = await _frozen(session, snapshot_id, view)
    return await desk.file(session, frozen, form, DOCUMENTS, public=view == "public", language=language)


@router.get("/exports/snapshots/{snapshot_id}.{form}", response_class=Response, **answers(NotFound, RenderingBusy))
async def export_snapshot(
    actor: Reader,
    snapshot_id: Uuid,
    form: DataForm,
    session: ReadSession,
    desk: TheDesk,
    view: Annotated[View, Query()] = "internal",
    language: InLanguage = "vi",
) -> Response:
    """Return all figures as JSON, CSV, XLSX or SDMX-CSV 2.0, or their structure as SDMX-JSON 2.0."""
    frozen = await _frozen(session, snapshot_id, view)
    return await desk.file(session, frozen, form, DATA, public=view == "public", language=language)
