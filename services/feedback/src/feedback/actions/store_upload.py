"""Store an uploaded photo, drawn anew and sealed; it waits a day for the submission that names it."""

import asyncio
import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import photos
from feedback.domain.intake import hour_of
from feedback.tables import attachment
from servicekit.files import FileStore

_DRAWING = asyncio.Semaphore(2)
"""At most two at a time: a photo of 40 megapixels takes up to 300 MB while it is drawn."""


async def store_upload(
    session: AsyncSession, data: bytes, *, upload_id: UUID, now: datetime, files: FileStore
) -> dict[str, object]:
    """Return id, hash and size of what was stored. Raises NotAPhoto or PhotoTooLarge.

    The hash is of the photo as it is kept and given out, not of what was sent. If the commit fails after the file
    was put, the file is unreadable rubbish: its key was only in the row.
    """
    async with _DRAWING:
        photo = await asyncio.to_thread(photos.clean, data)
    stored = await files.put(upload_id, photo.data)
    digest = hashlib.sha256(photo.data).hexdigest()
    await session.execute(
        insert(attachment).values(
            id=upload_id,
            sha256=digest,
            media_type=photo.media_type,
            size=len(photo.data),
            storage_key=stored.storage_key,
            key_sealed=stored.key_sealed,
            created_at=hour_of(now),
        )
    )
    return {"upload_id": upload_id, "sha256": digest, "media_type": photo.media_type, "size": len(photo.data)}
