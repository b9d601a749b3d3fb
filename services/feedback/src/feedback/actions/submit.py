"""Submit: store what somebody sends, seal it, sign a receipt. The hot path: every statement here is counted by a test.

    idempotency key · [claim photos] · submission + first line · [name] · event · audit · remembered answer

with BEGIN and COMMIT at most ten statements, seven for an anonymous sender without photos.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.domain.deadlines import STATUS
from feedback.domain.intake import ANONYMOUS, UnknownUnit, UnknownUpload, check_contact, remembered_time
from feedback.domain.receipts import receipt_text
from feedback.domain.submission_steps import INITIAL
from feedback.queries.directory import Body, Directory
from feedback.sealing import Keys, seal_json, ticket_index
from feedback.tables import attachment, identity_vault
from servicekit import audit, outbox
from servicekit.db import fetch
from servicekit.errors import Unavailable
from servicekit.law_book import Law
from servicekit.signatures import sign_bytes
from servicekit.working_days import local_date

_DRAWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the sender wrote; `contact` is {"name", "phone", "email"} or None."""

    identity_mode: str
    unit_id: UUID | None
    unit_code: str | None
    title: str | None
    text: str
    place: str | None
    contact: dict[str, str | None] | None
    attachments: tuple[UUID, ...]
    consent_purpose: str
    consent_text_version: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Random values of one submission, drawn at the edge; `delay` is how long an anonymous sender's event waits."""

    id: UUID
    line_id: UUID
    code: str
    secret: str
    delay: timedelta


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt: the canonical text, its Ed25519 signature in hex and the key's thumbprint."""

    payload: str
    signature: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the sender gets; the secret is not kept anywhere."""

    code: str
    secret: str
    received_at: datetime
    received_by: Body
    status_due_on: date
    receipt: Receipt


_INSERT = """
WITH one AS (
  INSERT INTO submission (
    id, code, secret_hmac, status, version, identity_mode, unit_id, front_organisation_id, holder_organisation_id,
    received_at, received_on, content_sealed, receipt_sealed, consent_purpose, consent_text_version,
    status_due_on, status_due_provisional, status_rule_version)
  VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  ON CONFLICT (code) DO NOTHING RETURNING id, status, front_organisation_id, received_at
)
INSERT INTO submission_line (id, submission_id, version, at, action, status, organisation_id)
SELECT $17, id, 1, received_at, 'submit', status, front_organisation_id FROM one
RETURNING submission_id"""
_NAME = insert(identity_vault).values(submission_id=bindparam("id"), contact_sealed=bindparam("contact"))
_CLAIM = (
    update(attachment)
    .where(attachment.c.id.in_(bindparam("wanted", expanding=True)), attachment.c.submission_id.is_(None))
    .values(submission_id=bindparam("owner"))
    .returning(attachment.c.id, attachment.c.sha256)
)


async def submit(
    session: AsyncSession,
    draft: Draft,
    *,
    draw: Callable[[], Ticket],
    now: datetime,
    keys: Keys,
    law: Law,
    directory: Directory,
    issuer: str,
) -> Submitted:
    """Store a submission and return code, secret and receipt.

    Raises ContactRequired, ContactNotAllowed, UnknownUnit, UnknownUpload, or Unavailable while the registry's facts
    are not here. The sender's account, address and device are never looked at.
    """
    check_contact(draft.identity_mode, draft.contact)
    today = local_date(now)
    front = directory.front_committee(today, unit_id=draft.unit_id, unit_code=draft.unit_code)
    if front is None:
        raise UnknownUnit
    counted = law.due(STATUS, today)
    received_at = remembered_time(draft.identity_mode, now)
    ticket = draw()
    files = await _claim_photos(session, ticket.id, draft.attachments)
    content = {"title": draft.title, "text": draft.text, "place": draft.place}
    sealed_content = seal_json(keys, "submission", "content_sealed", ticket.id, content)
    for _ in range(_DRAWS):
        receipt = _sign(
            keys,
            receipt_text(
                code=ticket.code,
                text=draft.text,
                files=files,
                received_at=received_at,
                body_id=str(front.id),
                body_name=front.name,
                issuer=issuer,
            ),
        )
        stored = await fetch(
            session,
            _INSERT,
            ticket.id,
            ticket.code,
            ticket_index(keys, ticket.code, ticket.secret),
            INITIAL,
            draft.identity_mode,
            front.unit_id,
            front.id,
            received_at,
            today,
            sealed_content,
            seal_json(keys, "submission", "receipt_sealed", ticket.id, asdict(receipt)),
            draft.consent_purpose,
            draft.consent_text_version,
            counted.due.on,
            counted.due.provisional,
            counted.rule.version,
            ticket.line_id,
        )
        if stored:
            break
        ticket = replace(draw(), id=ticket.id)  # the code is taken: once in 2^40 / (number of submissions)
    else:
        raise Unavailable
    if draft.contact is not None:
        sealed = seal_json(keys, "identity_vault", "contact_sealed", ticket.id, draft.contact)
        await session.execute(_NAME, {"id": ticket.id, "contact": sealed})
    await _tell(session, ticket, draft, front, today=today, remembered=received_at, now=now)
    return Submitted(ticket.code, ticket.secret, received_at, front, counted.due.on, receipt)


async def _claim_photos(session: AsyncSession, submission_id: UUID, wanted: tuple[UUID, ...]) -> list[str]:
    """Make uploaded photos part of the submission; return their hashes in the order they were named."""
    if not wanted:
        return []
    rows = await session.execute(_CLAIM, {"wanted": wanted, "owner": submission_id})
    hashes = {row.id: row.sha256 for row in rows}
    if len(hashes) != len(wanted):
        raise UnknownUpload
    return [hashes[upload_id] for upload_id in wanted]


def _sign(keys: Keys, payload: str) -> Receipt:
    return Receipt(payload, sign_bytes(keys.receipt_key, payload.encode()).hex(), keys.receipt_jwk["kid"])


async def _tell(
    session: AsyncSession,
    ticket: Ticket,
    draft: Draft,
    front: Body,
    *,
    today: date,
    remembered: datetime,
    now: datetime,
) -> None:
    """Write the event and the audit entry; neither knows who or from where."""
    event = publish.received(
        ticket.id,
        identity_mode=draft.identity_mode,
        front_organisation_id=front.id,
        unit_id=front.unit_id,
        received_on=today,
    )
    visible_at = now + ticket.delay if draft.identity_mode == ANONYMOUS else None
    await outbox.record(session, event=event, now=remembered, visible_at=visible_at)
    await audit.write(
        session,
        action="submission.submit",
        subject_type="submission",
        subject_id=ticket.id,
        actor=None,
        now=remembered,
        details={"to": INITIAL, "version": 1, "identity_mode": draft.identity_mode},
    )
