"""Submitting: code, secret, receipt; once per Idempotency-Key; how many statements it costs."""

import asyncio
import base64
import hashlib
import json
import uuid
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from feedback.api.intake_models import SubmissionTicket
from feedback.domain.codes import is_well_formed


async def test_the_answer_is_what_the_documents_say(world: Any) -> None:
    answer = await world.post("/submissions", world.body(), key=uuid.uuid4().hex)
    assert answer.status_code == 201
    ticket = SubmissionTicket.model_validate(answer.json())
    assert is_well_formed(ticket.code)
    assert ticket.status == "submitted"
    assert ticket.received_by.name == "Ủy ban MTTQ phường Ninh Kiều"
    assert ticket.status_due_on.isoformat() == "2026-12-07"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_receipt_can_be_checked_without_us(world: Any) -> None:
    case = await world.submitted(world.body(text="Hẻm 51\r\nngập"))
    receipt = case.ticket["receipt"]
    jwk = (await world.get("/receipt-key.json")).json()
    raw = _unpadded(jwk["x"])
    Ed25519PublicKey.from_public_bytes(raw).verify(bytes.fromhex(receipt["signature"]), receipt["payload"].encode())
    content = json.loads(receipt["payload"])
    assert receipt["key_id"] == jwk["kid"]
    assert content["code"] == case.ticket["code"]
    assert content["text_sha256"] == hashlib.sha256("Hẻm 51\nngập".encode()).hexdigest()
    assert content["received_by"]["name"] == "Ủy ban MTTQ phường Ninh Kiều"
    assert content["received_at"] == "2026-11-23T02:00:00Z"  # the hour only
    assert (await world.post("/receipts/verify", receipt)).json()["valid"] is True
    changed = receipt | {"payload": receipt["payload"].replace("Ninh", "Cái")}
    assert (await world.post("/receipts/verify", changed)).json()["valid"] is False
    again = await world.post("/tracking/receipt", case.key)
    assert again.json() == receipt


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_twenty_at_once_with_one_key_are_one_submission(world: Any) -> None:
    key = uuid.uuid4().hex
    answers = await asyncio.gather(*(world.post("/submissions", world.body(), key=key) for _ in range(20)))
    codes = {answer.json().get("code") for answer in answers if answer.status_code == 201}
    assert len(codes) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    ((count,),) = await world.rows("SELECT count(*) FROM submission")
    assert count == 1
    ((events,),) = await world.rows("SELECT count(*) FROM outbox")
    assert events == 1
    later = await world.post("/submissions", world.body(), key=key)
    assert later.status_code == 201
    assert later.headers["idempotent-replayed"] == "true"
    assert later.json()["code"] in codes


async def test_a_key_used_for_another_body_is_refused(world: Any) -> None:
    key = uuid.uuid4().hex
    assert (await world.post("/submissions", world.body(), key=key)).status_code == 201
    answer = await world.post("/submissions", world.body(text="Khác"), key=key)
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert (await world.post("/submissions", world.body())).json()["code"] == "idempotency_key_required"


@pytest.mark.parametrize(
    "change, code",
    [
        ({"identity_mode": "named"}, "contact_required"),
        ({"identity_mode": "confidential"}, "contact_required"),
        ({"contact": {"name": "Lụa", "phone": "0912345678"}}, "contact_not_allowed"),
        ({"unit_code": "00001"}, "unknown_unit"),
        ({"attachments": ["11111111-1111-4111-8111-111111111111"]}, "unknown_upload"),
        ({"consent": {"purpose": "feedback_handling", "text_version": "1", "agreed": False}}, "invalid"),
        ({"consent": {"purpose": "feedback_handling", "text_version": "1", "agreed": 1}}, "invalid"),
        ({"consent": None}, "invalid"),
        ({"identity_mode": "verified"}, "invalid"),
        ({"unit_code": None}, "invalid"),
        ({"status": "answered"}, "invalid"),
        ({"text": " \u200b\u00a0"}, "invalid"),
        ({"text": "x" * 5001}, "invalid"),
        ({"text": "a\u0000b"}, "broken_text"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_stored(
    world: Any, change: dict[str, Any], code: str
) -> None:
    answer = await world.post("/submissions", world.body(**change), key=uuid.uuid4().hex)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    counts = await world.rows(
        "SELECT (SELECT count(*) FROM submission), (SELECT count(*) FROM outbox),"
        " (SELECT count(*) FROM idempotency_key)"
    )
    assert tuple(counts[0]) == (0, 0, 0)


async def test_five_thousand_emoji_are_taken(world: Any) -> None:
    assert (await world.post("/submissions", world.body(text="🌊" * 5000), key=uuid.uuid4().hex)).status_code == 201


async def test_a_code_that_is_taken_is_drawn_again(world: Any, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await world.submitted()
    codes = iter([first.ticket["code"], first.ticket["code"], "NC-0000-0000-0"])
    monkeypatch.setattr("feedback.api.submissions.new_code", lambda _: next(codes))
    second = await world.submitted(world.named(attachments=[await _upload(world, photo)]))
    assert second.ticket["code"] == "NC-0000-0000-0"
    tracked = (await second.track()).json()
    assert len(tracked["attachments"]) == len(tracked["timeline"]) == 1
    assert json.loads(second.ticket["receipt"]["payload"])["code"] == "NC-0000-0000-0"
    assert (await first.track()).status_code == 200


async def test_without_the_registrys_rules_it_says_try_again(world: Any) -> None:
    async with world.database.write() as session:
        await session.execute(text("DELETE FROM reference WHERE kind = 'deadline_rule'"))
    await world.runtime.book.refresh()
    answer = await world.post("/submissions", world.body(), key=uuid.uuid4().hex)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_statements_of_a_submission(world: Any, statements: Any, photo: bytes) -> None:
    await world.submitted()  # connections and prepared statements are there
    uploads = [await _upload(world, photo) for _ in range(2)]
    statements.seen.clear()
    await world.post("/submissions", world.body(), key=uuid.uuid4().hex)
    anonymous = list(statements.seen)
    statements.seen.clear()
    answer = await world.post("/submissions", world.named(attachments=uploads), key=uuid.uuid4().hex)
    assert answer.status_code == 201, answer.text
    fullest = list(statements.seen)
    assert len(anonymous) == 1, anonymous
    assert fullest[0] == "BEGIN"
    assert fullest[-1] == "COMMIT"
    assert len(fullest) == 5, fullest


async def test_statements_of_reads(world: Any, statements: Any) -> None:
    case = await world.at_step("answer")
    statements.seen.clear()
    assert (await case.track()).status_code == 200
    assert len(statements.seen) == 1, statements.seen
    statements.seen.clear()
    assert (await case.read()).status_code == 200
    assert len(statements.seen) == 3, statements.seen  # with its transaction's own two
    statements.seen.clear()
    assert (await world.get("/submissions", world.officer)).status_code == 200
    assert len(statements.seen) == 3, statements.seen


async def test_statements_of_a_step(world: Any, statements: Any) -> None:
    case = await world.at_step("classify")
    statements.seen.clear()
    assert (await case.take("accept")).status_code == 200
    assert len(statements.seen) == 7, statements.seen


async def test_no_request_opens_a_connection_once_the_pool_is_warm(world: Any) -> None:
    await world.submitted()
    before = world.database.write_engine.sync_engine.pool.checkedin()
    for _ in range(5):
        await world.submitted()
    assert world.database.write_engine.sync_engine.pool.checkedin() == before


async def _upload(world: Any, photo: bytes) -> str:
    answer = await world.http.post("/api/v1/feedback/uploads", files={"file": ("IMG_1.jpg", photo, "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["upload_id"])
