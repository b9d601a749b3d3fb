"""Evidence (minh chứng) of a report: which files are taken. What a file is, its bytes say, never its name."""

import io
import zipfile
from typing import Final

import filetype

from targets.domain.reporting_refusals import NotEvidence

MAX_BYTES: Final = 10 * 1024 * 1024
MOST: Final = 20
"""Pieces of evidence one report carries."""
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", DOCX: "docx", XLSX: "xlsx"}
_PARTS: Final = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_MOST_PARTS: Final = 5000


def media_type(data: bytes) -> str:
    """Return what the bytes are. Raises NotEvidence, also for an office file that carries macros."""
    if data[:4] == b"PK\x03\x04":
        return _office(data)
    kind = filetype.guess(data)
    if kind is None or kind.mime not in ENDINGS:
        raise NotEvidence
    return str(kind.mime)


def _office(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = set(packed.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise NotEvidence from error
    found = [kind for part, kind in _PARTS.items() if part in names]
    if len(found) != 1 or len(names) > _MOST_PARTS or any(name.lower().endswith("vbaproject.bin") for name in names):
        raise NotEvidence
    return found[0]
