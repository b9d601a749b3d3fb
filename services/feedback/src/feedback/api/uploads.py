"""POST /uploads: one photo, before the submission that names it."""

from typing import Annotated
from uuid import uuid4

from fastapi import File, UploadFile

from feedback.actions.store_upload import store_upload
from feedback.api.access import TheOffice
from feedback.api.intake_models import Upload
from feedback.domain.intake import NotAPhoto, PhotoTooLarge
from feedback.photos import MAX_BYTES
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.routes import answers, new_router
from servicekit.telemetry import quiet

router = new_router("feedback", "uploads")


@router.post("/uploads", status_code=201, response_model=Upload, **answers(NotAPhoto, PhotoTooLarge))
@quiet
async def upload_photo(
    file: Annotated[UploadFile, File(description="JPEG, PNG or WebP, up to 10 MB and 40 megapixels.")],
    session: WriteSession,
    now: Now,
    office: TheOffice,
) -> Upload:
    """Store a photo for a submission; it is forgotten after a day unless one names it.

    Position, device and every other metadata are removed before anything is stored; the file's name is not kept.
    Needs no Idempotency-Key: a photo sent twice is two photos, and the one nobody names is forgotten.
    """
    data = await file.read(MAX_BYTES + 1)
    stored = await store_upload(session, data, upload_id=uuid4(), now=now, files=office.files)
    return Upload.model_validate(stored)
