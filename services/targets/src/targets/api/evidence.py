"""Evidence of a report: add a file or a document's number and date, list, download, take off."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import NotFound, StepNotAllowed, TooLarge
from servicekit.files import StoredFile
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Coded, Flag, FlagParam, Instant, LegalDate, SafeLine, Uuid
from targets.actions import keep_evidence
from targets.api.access import Entering, Reader, TheFiles, entering
from targets.domain import refusals, reporting_refusals
from targets.domain.evidence import ENDINGS
from targets.queries import beside_reports as queries
from targets.queries.reports import find_report

router: APIRouter = new_router("targets", "evidence")
Url = Annotated[str, Coded(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", max_length=500)]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "PDF, DOCX, XLSX, PNG or JPEG, to 10 MB",
                }
            }
        },
    }
}


class DocumentBody(ApiModel):
    """A document kept elsewhere: its number, its date and where it can be read."""

    document_number: SafeLine
    document_date: LegalDate
    url: Url | None = None
    public: Flag = False


class EvidenceAnswer(Answer):
    """A piece of evidence; `public` says that it may be published with the figures."""

    id: Uuid
    report_id: Uuid
    kind: Literal["file", "document"]
    public: bool
    sha256: str | None
    media_type: str | None
    size: int | None
    document_number: str | None
    document_date: LegalDate | None
    url: str | None
    added_by: Uuid
    added_at: Instant

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show stored evidence."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


_ANSWERS = answers(NotFound, refusals.PeriodClosed, reporting_refusals.TooMuchEvidence)


@router.put(
    "/reports/{report_id}/evidence",
    status_code=201,
    dependencies=[entering, Idempotent],
    openapi_extra=BODY,
    **answers(
        NotFound, refusals.PeriodClosed, reporting_refusals.TooMuchEvidence, reporting_refusals.NotEvidence, TooLarge
    ),
)
async def add_evidence_file(
    actor: Entering,
    report_id: Uuid,
    request: Request,
    session: WriteSession,
    now: Now,
    files: TheFiles,
    public: Annotated[FlagParam, Query(description="May be published with the figures")] = False,
) -> EvidenceAnswer:
    """Add a file, its bytes as the body; its kind is read from the bytes, it is kept sealed, its name is not kept."""
    data = await request.body()
    made = await keep_evidence.add_file(session, report_id, data, public=public, files=files, actor=actor, now=now)
    return EvidenceAnswer.of(await queries.find_evidence(session, made))


@router.post("/reports/{report_id}/evidence", status_code=201, dependencies=[entering, Idempotent], **_ANSWERS)
async def add_evidence_document(
    actor: Entering, report_id: Uuid, given: DocumentBody, session: WriteSession, now: Now
) -> EvidenceAnswer:
    """Add a document that is kept elsewhere."""
    document = keep_evidence.Document(given.document_number, given.document_date, given.url)
    made = await keep_evidence.add_document(session, report_id, document, public=given.public, actor=actor, now=now)
    return EvidenceAnswer.of(await queries.find_evidence(session, made))


@router.get("/reports/{report_id}/evidence", **answers(NotFound, InvalidCursor))
async def list_evidence(actor: Reader, report_id: Uuid, pages: PageQuery, session: ReadSession) -> Page[EvidenceAnswer]:
    """List the evidence of a report."""
    await find_report(session, report_id, actor)
    window = pages.window("targets.evidence", {"report": report_id})
    rows = await queries.list_evidence(session, window, report_id)
    return window.page(rows, position=lambda row: (row.added_at, row.id), item=EvidenceAnswer.of)


@router.get("/evidence/{evidence_id}/file", response_class=Response, **answers(NotFound))
async def download_evidence(actor: Reader, evidence_id: Uuid, session: ReadSession, files: TheFiles) -> Response:
    """Return the bytes of a file as a download that no browser runs; ranges are not served, the whole file is."""
    row = await queries.find_evidence(session, evidence_id)
    await find_report(session, row.report_id, actor)
    if row.kind != "file":
        raise NotFound
    data = await files.get(row.id, StoredFile(row.storage_key, row.key_sealed))
    return Response(
        data,
        media_type=row.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{row.id}.{ENDINGS[row.media_type]}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
            "Accept-Ranges": "none",
        },
    )


@router.post(
    "/evidence/{evidence_id}/remove",
    dependencies=[entering, Idempotent],
    **answers(NotFound, refusals.PeriodClosed, StepNotAllowed),
)
async def remove_evidence(actor: Entering, evidence_id: Uuid, session: WriteSession, now: Now) -> EvidenceAnswer:
    """Take evidence off a report that is not handed in; it stays in the store, marked with who and when."""
    row = await queries.find_evidence(session, evidence_id)
    await keep_evidence.remove_evidence(session, evidence_id, actor=actor, now=now)
    return EvidenceAnswer.of(row)
