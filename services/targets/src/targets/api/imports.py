"""Imports of values from files, what became of each, and the template to fill in."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from servicekit import problems
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import DomainError, Malformed, NotFound, TooLarge, UnsupportedMedia
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, FlagParam, Uuid
from servicekit.working_days import local_date
from targets.actions.import_reports import import_reports
from targets.api.access import Entering, Reader, TheLineage, entering
from targets.api.import_file import BODY, TheFile
from targets.api.import_models import ConflictAnswer, ImportAnswer, ImportSummary, StrategyWord
from targets.api.period_answers import AskedPeriod
from targets.domain import import_refusals as refusals
from targets.domain.importing import Options, Status, Strategy
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.refusals import UnknownPeriod
from targets.files.columns import BREAKDOWN
from targets.files.table_out import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx
from targets.files.tables_of_text import MAX_ROWS
from targets.queries import imports as queries
from targets.queries.calendar import named_period

router: APIRouter = new_router("targets", "imports")
_TEMPLATE = (
    "indicator_code",
    "indicator_name",
    "period",
    "organisation_id",
    "organisation_kind",
    "unit_code",
    "organisation_name",
    "numerator",
    "denominator",
)
_LAST = ("counting_method", "denominator_source", "note")


def _table(*raised: type[DomainError]) -> dict[str, Any]:
    """Return the `responses=` of a route that answers with a file."""
    content: dict[str, Any] = {CSV_TYPE.partition(";")[0]: {}, XLSX_TYPE: {}}
    return {"response_class": Response, "responses": {**answers(*raised)["responses"], 200: {"content": content}}}


@router.post(
    "/imports",
    response_model=ImportSummary,
    dependencies=[entering, Idempotent],
    openapi_extra=BODY,
    **answers(
        Malformed,
        UnsupportedMedia,
        TooLarge,
        refusals.EmptyFile,
        refusals.NotThisType,
        refusals.NotUtf8,
        refusals.BrokenTable,
        refusals.UnknownColumns,
        refusals.TooManyRows,
        refusals.WorkbookTooLarge,
        refusals.OneSheetNeeded,
        refusals.ImportRefused,
        refusals.ImportOvertaken,
        refusals.ReportInUse,
    ),
)
async def import_values(
    request: Request,
    actor: Entering,
    file: TheFile,
    session: WriteSession,
    now: Now,
    book: TheLineage,
    dry_run: Annotated[FlagParam, Query(description="Say what would happen, and change no report")] = False,
    strategy: Annotated[StrategyWord, Query(description="As DHIS2's importStrategy")] = "CREATE_AND_UPDATE",
    atomic: Annotated[FlagParam, Query(description="Import nothing when one row conflicts")] = True,
    decimal: Annotated[Literal["point", "comma"], Query(description='What stands in "1.5" or "1,5"')] = "point",
) -> Any:
    """Import values as drafts, all or none; answers what became of the rows, or 409 with their conflicts.

    A dry run answers what the import itself would answer. Either way the import with its conflicts is kept and can
    be read again; reports change only when it is no dry run and was not refused.
    """
    options = Options(strategy=Strategy(strategy), atomic=atomic, dry_run=dry_run, decimal_comma=decimal == "comma")
    outcome = await import_reports(session, file, options, book.lineage, actor=actor, now=now)
    summary = ImportSummary.of(outcome, file, options)
    return _refused(request, summary) if outcome.status == Status.REFUSED else summary


def _refused(request: Request, summary: ImportSummary) -> JSONResponse:
    """Return the problem as an answer, not as an error: what was kept of the import is committed."""
    language = problems.language_of(request.headers.get("accept-language"))
    error = refusals.ImportRefused(conflicts=summary.counts.conflicts)
    shown = summary.model_dump(mode="json")
    body = problems.document(
        error.code,
        error.kind.value,
        error.text(language),
        request.headers.get("x-request-id"),
        errors=shown.pop("conflicts"),
        summary=shown,
    )
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    return JSONResponse(body, status_code=error.kind.value, headers=headers, media_type=problems.MEDIA_TYPE)


@router.get("/imports", **answers(InvalidCursor))
async def list_imports(actor: Reader, pages: PageQuery, session: ReadSession) -> Page[ImportAnswer]:
    """List the imports the caller may see, newest first: who, when, which file, and what became of it."""
    window = pages.window("targets.imports")
    rows = await queries.list_imports(session, window, actor)
    return window.page(rows, position=lambda row: (row.id,), item=ImportAnswer.stored)


@router.get("/imports/template", **_table(UnknownPeriod, NotOnePeriod))
async def make_template(
    actor: Entering,
    session: ReadSession,
    now: Now,
    period: AskedPeriod,
    indicator_code: Annotated[list[Code] | None, Query(max_length=50, description="Only these indicators")] = None,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "xlsx",
) -> Response:
    """Return a file to fill in, with a row for everyone who owes a report in the period and whom the caller enters for.

    Rows that stay blank are skipped by the import.
    """
    code = (await named_period(session, period, local_date(now))).code
    rows = await queries.template_places(session, actor, period=code, indicators=indicator_code or [], most=MAX_ROWS)
    categories = sorted({name for row in rows for name in row.categories})
    header = [*_TEMPLATE, *(BREAKDOWN + name for name in categories), *_LAST]
    known = [name for name in _TEMPLATE if name not in ("period", "numerator", "denominator")]
    filled = (
        [code if name == "period" else getattr(row, name) if name in known else "" for name in header] for row in rows
    )
    if form == "csv":
        return _download(await asyncio.to_thread(write_csv, header, filled), CSV_TYPE, "template.csv")
    return _download(await asyncio.to_thread(write_xlsx, header, filled), XLSX_TYPE, "template.xlsx")


@router.get("/imports/{import_id}", **answers(NotFound))
async def read_import(actor: Reader, import_id: Uuid, session: ReadSession) -> ImportAnswer:
    """Return an import."""
    return ImportAnswer.stored(await queries.find_import(session, import_id, actor))


@router.get("/imports/{import_id}/conflicts", **answers(NotFound, InvalidCursor))
async def list_conflicts(
    actor: Reader, import_id: Uuid, pages: PageQuery, session: ReadSession
) -> Page[ConflictAnswer]:
    """List the problems of an import by line: column, code, and what to do."""
    await queries.find_import(session, import_id, actor)
    window = pages.window("targets.conflicts", {"import": import_id})
    rows = await queries.list_conflicts(session, import_id, window)
    return window.page(rows, position=lambda row: (row.number,), item=ConflictAnswer.stored)


@router.get("/imports/{import_id}/conflicts.csv", **_table(NotFound))
async def download_conflicts(actor: Reader, import_id: Uuid, session: ReadSession) -> Response:
    """Return the rows that had problems as a CSV, each with its problem before the cells as they came."""
    found = await queries.find_import(session, import_id, actor)
    rows = await queries.all_conflicts(session, import_id)
    header = ["line", "column", "code", "vi", "en", *found.header]
    body = await asyncio.to_thread(
        write_csv, header, ([row.line, row.column_name, row.code, row.vi, row.en, *(row.cells or ())] for row in rows)
    )
    return _download(body, CSV_TYPE, "conflicts.csv")


def _download(body: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=media_type, headers=headers)
