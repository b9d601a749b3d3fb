"""POST /uploads: one photo, before the submission that names it."""

from uuid import uuid4

from feedback.actions.store_upload import store_upload
from feedback.api.access import TheOffice
from feedback.api.intake_models import Upload
from feedback.api.one_photo import BODY, OnePhoto
from feedback.domain.intake import NotAPhoto, PhotoTooLarge
from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.errors import Malformed, TooLarge, UnsupportedMedia
from servicekit.routes import answers, new_router
from servicekit.telemetry import quiet

router = new_router("feedback", "uploads")


@router.post(
    "/uploads",
    status_code=201,
    response_model=Upload,
    openapi_extra=BODY,
    **answers(NotAPhoto, PhotoTooLarge, TooLarge, Malformed, UnsupportedMedia),
)
@quiet
async def upload_photo(photo: OnePhoto, session: WriteSession, now: Now, office: TheOffice) -> Upload:
    """Store a photo for a submission; it is forgotten after a day unless one names it.

    Position, device and every other metadata are removed before anything is stored; the file's name is not kept.
    Needs no Idempotency-Key: a photo sent twice is two photos, and the one nobody names is forgotten.
    """
    stored = await store_upload(session, photo, upload_id=uuid4(), now=now, files=office.files)
    return Upload.model_validate(stored)
