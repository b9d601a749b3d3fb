"""Submit: store what somebody sends, seal it, sign a receipt. The hot path: every statement here is counted by a test.

    submission · its first line · [name] · event · audit entry · idempotency key with the answer   one statement
    [hashes of the photos] … [photos made part of it]                                              in a transaction

Nothing that is written depends on what the database says, except the hashes of photos. So without photos the one
statement is the whole transaction, and with them there are three between BEGIN and COMMIT.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.domain.deadlines import STATUS
from feedback.domain.intake import ANONYMOUS, UnknownUnit, UnknownUpload, check_contact, remembered_time
from feedback.domain.receipts import receipt_text
from feedback.domain.submission_steps import INITIAL
from feedback.queries.directory import Body, Directory
from feedback.sealing import Keys, seal_json, ticket_index
from servicekit import audit, outbox
from servicekit.db import Database, fetch
from servicekit.deadlines import Counted
from servicekit.errors import Unavailable
from servicekit.law_book import Law
from servicekit.row_scope import PUBLIC
from servicekit.signatures import sign_bytes
from servicekit.working_days import local_date
from servicekit.writes import Write, write_together

_DRAWS = 3
_CODE_IS_TAKEN = "uq_submission_code"


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
    status_due: Counted
    receipt: Receipt


_SUBMISSION = (
    (
        "submission",
        """INSERT INTO submission (
          id, code, secret_hmac, status, version, identity_mode, unit_id, front_organisation_id, holder_organisation_id,
          received_at, received_on, content_sealed, receipt_sealed, consent_purpose, consent_text_version,
          status_due_on, status_due_provisional, status_rule_version)
        VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)""",
    ),
    (
        "first_line",
        "INSERT INTO submission_line (id, submission_id, version, at, action, status, organisation_id)"
        " VALUES ($17, $1, 1, $8, 'submit', $4, $7)",
    ),
)
_NAME = (("name", "INSERT INTO identity_vault (submission_id, contact_sealed) VALUES ($1, $2)"),)
_HASHES = "SELECT id, sha256 FROM uploads_named($1)"
_CLAIM = "UPDATE attachment SET submission_id = $1 WHERE id = ANY($2) AND submission_id IS NULL RETURNING id"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where and when something was sent; `received_at` is what is remembered of `now`."""

    front: Body
    counted: Counted
    today: date
    received_at: datetime
    now: datetime


async def submit(
    database: Database,
    draft: Draft,
    *,
    draw: Callable[[], Ticket],
    remember: Callable[[Submitted], Write],
    now: datetime,
    keys: Keys,
    law: Law,
    directory: Directory,
    issuer: str,
) -> Submitted:
    """Store a submission and return code, secret and receipt; `remember` gives the write that keeps the answer.

    Raises ContactRequired, ContactNotAllowed, UnknownUnit, UnknownUpload, or Unavailable while the registry's facts
    are not here. The sender's account, address and device are never looked at.
    """
    check_contact(draft.identity_mode, draft.contact)
    today = local_date(now)
    front = directory.front_committee(today, unit_id=draft.unit_id, unit_code=draft.unit_code)
    if front is None:
        raise UnknownUnit
    place = _Place(front, law.due(STATUS, today), today, remembered_time(draft.identity_mode, now), now)

    async def store(target: Database | AsyncSession, ticket: Ticket, hashes: list[str]) -> Submitted:
        submitted = _sign(draft, ticket, place, hashes, keys=keys, issuer=issuer)
        await write_together(target, *_writes(draft, ticket, place, submitted, keys), remember(submitted))
        return submitted

    for _ in range(_DRAWS):
        ticket = draw()
        try:
            if not draft.attachments:
                return await store(database, ticket, [])
            async with database.write(PUBLIC) as session:
                submitted = await store(session, ticket, await _photo_hashes(session, draft.attachments))
                await _claim_photos(session, ticket.id, draft.attachments)
            return submitted
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != _CODE_IS_TAKEN:  # once in 2^40 / (number of submissions)
                raise
    raise Unavailable


async def _photo_hashes(session: AsyncSession, wanted: tuple[UUID, ...]) -> list[str]:
    """Return the hashes of uploaded photos in the order they were named, claimed or not: a repeat is found later."""
    hashes = {row["id"]: row["sha256"] for row in await fetch(session, _HASHES, wanted)}
    if len(hashes) != len(wanted):
        raise UnknownUpload
    return [hashes[upload_id] for upload_id in wanted]


async def _claim_photos(session: AsyncSession, submission_id: UUID, wanted: tuple[UUID, ...]) -> None:
    """Make the photos part of the submission, all or none."""
    if len(await fetch(session, _CLAIM, submission_id, wanted)) != len(wanted):
        raise UnknownUpload


def _sign(draft: Draft, ticket: Ticket, place: _Place, hashes: list[str], *, keys: Keys, issuer: str) -> Submitted:
    payload = receipt_text(
        code=ticket.code,
        text=draft.text,
        files=hashes,
        received_at=place.received_at,
        body_id=str(place.front.id),
        body_name=place.front.name,
        issuer=issuer,
    )
    signature = sign_bytes(keys.receipt_key, payload.encode()).hex()
    receipt = Receipt(payload, signature, keys.receipt_jwk["kid"])
    return Submitted(ticket.code, ticket.secret, place.received_at, place.front, place.counted, receipt)


def _writes(draft: Draft, ticket: Ticket, place: _Place, submitted: Submitted, keys: Keys) -> list[Write]:
    """Return what a submission is in the tables; event and audit entry know neither who nor from where."""
    content = {"title": draft.title, "text": draft.text, "place": draft.place}
    row = (
        ticket.id,
        ticket.code,
        ticket_index(keys, ticket.code, ticket.secret),
        INITIAL,
        draft.identity_mode,
        place.front.unit_id,
        place.front.id,
        place.received_at,
        place.today,
        seal_json(keys, "submission", "content_sealed", ticket.id, content),
        seal_json(keys, "submission", "receipt_sealed", ticket.id, asdict(submitted.receipt)),
        draft.consent_purpose,
        draft.consent_text_version,
        place.counted.due.on,
        place.counted.due.provisional,
        place.counted.rule.version,
        ticket.line_id,
    )
    event = publish.received(
        ticket.id,
        identity_mode=draft.identity_mode,
        front_organisation_id=place.front.id,
        unit_id=place.front.unit_id,
        received_on=place.today,
    )
    visible_at = place.now + ticket.delay if draft.identity_mode == ANONYMOUS else None
    entry = audit.entry_write(
        action="submission.submit",
        subject_type="submission",
        subject_id=ticket.id,
        actor=None,
        now=place.received_at,
        details={"to": INITIAL, "version": 1, "identity_mode": draft.identity_mode},
    )
    writes = [
        Write(_SUBMISSION, row),
        outbox.event_write(event, now=place.received_at, visible_at=visible_at),
        entry,
    ]
    if draft.contact is not None:
        sealed = seal_json(keys, "identity_vault", "contact_sealed", ticket.id, draft.contact)
        writes.append(Write(_NAME, (ticket.id, sealed)))
    return writes
