"""POST /submissions: anybody sends something to the Front committee of a commune."""

import json
import secrets
from uuid import uuid4

from fastapi import Response

from feedback.actions.submit import Submitted, Ticket, submit
from feedback.api.access import Office, TheOffice
from feedback.api.intake_models import SubmissionIn, SubmissionTicket
from feedback.domain.codes import CODE_BYTES, SECRET_BYTES, new_code, new_secret
from feedback.domain.intake import ANONYMOUS, ContactNotAllowed, ContactRequired, UnknownUnit, UnknownUpload
from feedback.domain.submission_steps import INITIAL
from feedback.domain.texts import RECEIVED
from servicekit.clock import Now
from servicekit.deadline_answers import pinned_rule_answer, provisional_note
from servicekit.idempotency import TheKey
from servicekit.routes import answers, new_router
from servicekit.telemetry import quiet

router = new_router("feedback", "submissions")


@router.post(
    "/submissions",
    status_code=201,
    response_model=SubmissionTicket,
    **answers(ContactRequired, ContactNotAllowed, UnknownUnit, UnknownUpload),
)
@quiet
async def send_submission(body: SubmissionIn, key: TheKey, now: Now, office: TheOffice) -> Response:
    """Send feedback, with or without a name; returns the code, the secret (once) and a signed receipt.

    A token is not looked at: a submission never points to an account, an address or a device. This service keeps
    no address; over plain HTTPS the network in between still sees that somebody talked to it.
    """
    draft = body.draft()
    submitted = await submit(
        office.database,
        draft,
        draw=lambda: _draw(office),
        remember=lambda submitted: key.answer_write(_answer(submitted), now),
        now=now,
        keys=office.keys,
        law=office.law,
        directory=office.directory,
        issuer=office.issuer,
    )
    if draft.identity_mode != ANONYMOUS:  # an anonymous sender's event waits anyway
        office.wake()
    return _answer(submitted)


def _draw(office: Office) -> Ticket:
    return Ticket(
        id=uuid4(),
        line_id=uuid4(),
        code=new_code(secrets.token_bytes(CODE_BYTES)),
        secret=new_secret(secrets.token_bytes(SECRET_BYTES)),
        delay=office.event_delay(),
    )


def _answer(submitted: Submitted) -> Response:
    """Write the documented answer directly: it is made here, validating it again would only cost time."""
    counted = submitted.status_due
    note_vi, note_en = provisional_note(counted.due.provisional)
    body = {
        "code": submitted.code,
        "secret": submitted.secret,
        "status": INITIAL,
        "received_at": submitted.received_at.isoformat().replace("+00:00", "Z"),
        "received_by": {"id": str(submitted.received_by.id), "name": submitted.received_by.name},
        "status_due_on": counted.due.on.isoformat(),
        "status_due_provisional": counted.due.provisional,
        "status_due_note_vi": note_vi,
        "status_due_note_en": note_en,
        "status_rule": pinned_rule_answer(counted.rule.key, counted.rule.version, counted.rule).model_dump(),
        "receipt": {
            "payload": submitted.receipt.payload,
            "signature": submitted.receipt.signature,
            "key_id": submitted.receipt.key_id,
        },
        "message_vi": RECEIVED[0],
        "message_en": RECEIVED[1],
    }
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status_code=201,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
