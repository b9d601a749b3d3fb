"""Gives out a photo so that no browser runs it: as a download, with its type fixed."""

from typing import Any

from fastapi import Response
from sqlalchemy import Row

from feedback.api.access import Office
from servicekit.files import StoredFile

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
PHOTO: dict[str, Any] = {
    "response_description": "The photo",
}


async def photo_answer(office: Office, row: Row[Any]) -> Response:
    """Return the photo of an `attachment` row."""
    data = await office.files.get(row.id, StoredFile(row.storage_key, row.key_sealed))
    return Response(
        data,
        media_type=row.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{row.id}.{_ENDINGS[row.media_type]}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )
