"""The body of an import: CSV, XLSX or a data value set, told apart by Content-Type and held against its bytes."""

import asyncio
import hashlib
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from servicekit import strict_json
from servicekit.errors import UnsupportedMedia
from targets.actions.import_reports import GivenFile
from targets.domain.import_refusals import EmptyFile, NotThisType
from targets.files.csv_in import read_csv
from targets.files.table_out import XLSX_TYPE
from targets.files.tables_of_text import TextTable
from targets.files.value_set_in import read_value_set
from targets.files.workbook_in import read_workbook

_ZIP: Final = b"PK\x03\x04"
_JSON: Final = "application/json"
_CSV: Final = "text/csv"
_PARAMETERS: Final = {_JSON: ("", "charset=utf-8"), _CSV: ("", "charset=utf-8"), XLSX_TYPE: ("",)}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "CSV (UTF-8), XLSX of one sheet, or a DHIS2 data value set; at most 10 MiB and 200,000 rows.",
        "content": {
            _CSV: {"schema": {"type": "string", "format": "binary"}},
            XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}},
            _JSON: {"schema": {"type": "object"}},
        },
    }
}


async def _given_file(request: Request) -> GivenFile:
    content_type = request.headers.get("content-type", "").lower().replace(" ", "")
    media_type, _, parameters = content_type.partition(";")
    if parameters not in _PARAMETERS.get(media_type, ()):
        raise UnsupportedMedia
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMedia
    body = await request.body()
    table = await asyncio.to_thread(_read, media_type, body)
    return GivenFile(table=table, media_type=media_type, sha256=hashlib.sha256(body).digest(), size=len(body))


def _read(media_type: str, body: bytes) -> TextTable:
    if not body:
        raise EmptyFile
    if body.startswith(_ZIP) != (media_type == XLSX_TYPE):
        raise NotThisType
    if media_type == XLSX_TYPE:
        return read_workbook(body)
    return read_csv(body) if media_type == _CSV else read_value_set(strict_json.parse(body))


TheFile = Annotated[GivenFile, Depends(_given_file)]
"""The file of the request, read and taken apart; nothing of it is checked against the database yet."""
