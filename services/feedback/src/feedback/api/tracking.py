"""What the holder of code and secret may see and say. Posted, because addresses end up in logs.

Every route answers a wrong code and a wrong secret alike, after the same work: one look into one index.
"""

import json
from typing import Annotated

from fastapi import Response
from pydantic import Field

from feedback.actions.confirm import confirm
from feedback.actions.dispute import dispute
from feedback.actions.take_step import Taken
from feedback.api import showing
from feedback.api.access import Office, TheOffice
from feedback.api.intake_models import ReceiptAnswer
from feedback.api.item_models import DeadlineAnswer, SenderStepAnswer, Tracked
from feedback.api.photo_answer import PHOTO, photo_answer
from feedback.domain.intake import UnknownTicket
from feedback.domain.texts import STATUSES
from feedback.queries.tracking import tracked_file, tracked_for_deadline, tracked_in_full, tracked_receipt
from feedback.sealing import open_json, ticket_index
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.routes import answers, new_router
from servicekit.telemetry import quiet
from servicekit.text import ApiModel, SafeText, Text, Uuid

router = new_router("feedback", "tracking")
_Typed = Annotated[str, Text(max_length=64)]


class TicketIn(ApiModel):
    """Code and secret as printed; case, spaces and hyphens do not matter."""

    code: Annotated[_Typed, Field(examples=["NC-7F3K-9Q2M-5"])]
    secret: _Typed

    def index(self, office: Office) -> bytes:
        """Return the one value both are found by."""
        return ticket_index(office.keys, self.code, self.secret)


class DisputeIn(TicketIn):
    """Why it is not solved, in the sender's words."""

    reason: SafeText | None = None


class PhotoIn(TicketIn):
    """Which photo."""

    attachment_id: Uuid


@router.post("/tracking", response_model=Tracked, **answers(UnknownTicket))
@quiet
async def track(body: TicketIn, office: TheOffice) -> Response:
    """Return status, timeline, answer, deadlines and what the sender can do now; the version is the ETag."""
    row = await tracked_in_full(office.database, body.index(office))
    return Response(
        json.dumps(showing.tracked(office, row), ensure_ascii=False, separators=(",", ":")).encode(),
        media_type="application/json",
        headers={"Cache-Control": "no-store", "ETag": f'"{row.version}"'},
    )


@router.post("/tracking/deadline", response_model=DeadlineAnswer, **answers(UnknownTicket))
@quiet
async def explain_tracked_deadline(body: TicketIn, session: ReadSession, office: TheOffice) -> DeadlineAnswer:
    """Explain each deadline day by day, with its legal basis, how sure that is, and what it was before."""
    row = await tracked_for_deadline(session, body.index(office))
    return DeadlineAnswer.model_validate(showing.clocks(office, row))


@router.post("/tracking/receipt", response_model=ReceiptAnswer, **answers(UnknownTicket))
@quiet
async def read_receipt_again(
    body: TicketIn, session: ReadSession, office: TheOffice, response: Response
) -> ReceiptAnswer:
    """Return the receipt once more."""
    row = await tracked_receipt(session, body.index(office))
    response.headers["Cache-Control"] = "no-store"
    receipt = open_json(office.keys, "submission", "receipt_sealed", row.id, row.receipt_sealed)
    return ReceiptAnswer.model_validate(receipt)


@router.post("/tracking/attachment", response_class=Response, **answers(UnknownTicket) | PHOTO)
@quiet
async def read_tracked_photo(body: PhotoIn, session: ReadSession, office: TheOffice) -> Response:
    """Return one of the sender's photos as it is kept."""
    return await photo_answer(office, await tracked_file(session, body.index(office), body.attachment_id))


@router.post("/tracking/confirm", response_model=SenderStepAnswer, **answers(UnknownTicket, StepNotAllowed))
@quiet
async def confirm_solved(
    body: TicketIn,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> SenderStepAnswer:
    """Say that it is solved."""
    taken = await confirm(session, body.index(office), expected=version, now=now, delay=office.event_delay())
    return _stands(taken, response)


@router.post("/tracking/dispute", response_model=SenderStepAnswer, **answers(UnknownTicket, StepNotAllowed))
@quiet
async def say_not_solved(
    body: DisputeIn,
    session: WriteSession,
    version: ExpectedVersion,
    now: Now,
    office: TheOffice,
    response: Response,
) -> SenderStepAnswer:
    """Say that it is not solved (chưa giải quyết); the Front committee has to look at it again."""
    taken = await dispute(
        session,
        body.index(office),
        reason=body.reason,
        expected=version,
        now=now,
        keys=office.keys,
        delay=office.event_delay(),
    )
    return _stands(taken, response)


def _stands(taken: Taken, response: Response) -> SenderStepAnswer:
    set_etag(response, taken.version)
    response.headers["Cache-Control"] = "no-store"
    return SenderStepAnswer.model_validate(
        {"status": taken.status, "version": taken.version, "status_text_vi": STATUSES[taken.status][0]}
    )
