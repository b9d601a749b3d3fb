"""Forget photos no submission has claimed for a day."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.tables import attachment
from servicekit.files import FileStore

KEPT = timedelta(hours=25)
"""A day, and the hour that `created_at` may have been rounded down."""
_BATCH = 200


async def forget_uploads(session: AsyncSession, *, now: datetime, files: FileStore) -> int:
    """Delete up to a batch of unclaimed photos and return how many; call it until it returns 0."""
    old = (
        select(attachment.c.id)
        .where(attachment.c.submission_id.is_(None), attachment.c.created_at < now - KEPT)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = delete(attachment).where(attachment.c.id.in_(old)).returning(attachment.c.storage_key)
    keys = (await session.scalars(gone)).all()
    for storage_key in keys:
        await files.delete(storage_key)
    return len(keys)
