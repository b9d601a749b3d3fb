"""Reads one photo from a multipart body without ever letting its bytes touch the disk.

FastAPI's own `UploadFile` moves anything over 1 MB into a temporary file: a photo with its position would lie on the
disk, if only for a moment and under no name. Here the body stays in memory; its size is limited before.
"""

from typing import Annotated, Any

from fastapi import Depends, Request, UploadFile
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import UploadFile as ReceivedFile
from starlette.formparsers import MultiPartException, MultiPartParser

from feedback.domain.intake import NotAPhoto
from feedback.photos import MAX_BYTES
from servicekit.errors import Malformed, UnsupportedMedia

FIELD = "file"
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG or WebP, up to 10 MB and 40 megapixels.",
                        }
                    },
                }
            }
        },
    }
}


class _InMemory(MultiPartParser):
    """Keeps files in memory, larger than any body that gets here."""

    spool_max_size = 64 * 1024 * 1024


async def _read(request: Request) -> bytes:
    """Return the bytes of the one file. Raises UnsupportedMedia, Malformed or NotAPhoto."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data;"):
        raise UnsupportedMedia
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=0).parse()
    except (MultiPartException, MultipartParseError, ValueError, KeyError) as error:
        raise Malformed from error
    file: UploadFile | str | Any = form.get(FIELD)
    if not isinstance(file, ReceivedFile):
        raise NotAPhoto
    return await file.read(MAX_BYTES + 1)


OnePhoto = Annotated[bytes, Depends(_read)]
