"""What is not kept: who, from where, when exactly, and what a photo says besides its picture."""

import hashlib
import io
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
from PIL import Image

from servicekit import telemetry

BASE = "/api/v1/feedback"
ADDRESS = "127.77.77.77"
AGENT = "CANARY-7f3a"
SENTENCE = "Câu canary 58213 về cống thoát nước"
NAME = "Trần Canary Hoa"
PHONE = "+84 900 111 222"


async def dump(world: Any) -> str:
    """Every row of every table as text, bytes in hex and decoded."""
    connection = await asyncpg.connect(world.made.admin_dsn)
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        parts = []
        for (name,) in names:
            for row in await connection.fetch(f'SELECT t::text AS whole, t.* FROM "{name}" t'):
                parts.append(row["whole"])
                parts.extend(value.decode("utf-8", "replace") for value in row.values() if isinstance(value, bytes))
        return "\n".join(parts)
    finally:
        await connection.close()


async def test_an_anonymous_submission_leaves_no_trace_of_the_person(world: Any, photo: bytes, capfd: Any) -> None:
    token = world.issuer.token(("reporter", world.front), subject=uuid.UUID("7f3a7f3a-7f3a-4f3a-8f3a-7f3a7f3a7f3a"))
    headers = {
        "User-Agent": AGENT,
        "Cookie": "c=CANARY-cookie",
        "X-Forwarded-For": ADDRESS,
        "X-Request-ID": "CANARY-request-0001",
        "traceparent": "00-7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a-7f3a7f3a7f3a7f3a-01",
        "Authorization": f"Bearer {token}",
    }
    transport = httpx.ASGITransport(world.app, client=(ADDRESS, 7373))
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as http:
        upload = await http.post(f"{BASE}/uploads", files={"file": ("CANARY-name.jpg", photo, "image/jpeg")})
        body = world.body(text=SENTENCE, attachments=[upload.json()["upload_id"]])
        sent = await http.post(f"{BASE}/submissions", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
        assert sent.status_code == 201, sent.text
        ticket = {name: sent.json()[name] for name in ("code", "secret")}
        assert (await http.post(f"{BASE}/tracking", json=ticket)).status_code == 200
    everything = await dump(world)
    telemetry.flush()
    logged = "".join(capfd.readouterr())
    assert ticket["code"] in everything  # the search would find what is there
    assert '"/api/v1/feedback/submissions"' in logged
    for canary in (ADDRESS, "7f4d4d4d", AGENT, "CANARY", "7f3a7f3a", SENTENCE, ticket["secret"]):
        assert canary not in everything, canary
        assert canary not in logged, canary
    assert ticket["secret"].replace("-", "") not in everything
    stored = b"".join(path.read_bytes() for path in world.files.rglob("*") if path.is_file())
    assert stored
    assert b"CANARY" not in stored
    assert b"JFIF" not in stored  # sealed


async def test_an_anonymous_submission_is_remembered_by_the_hour(world: Any) -> None:
    now = world.clock.moment
    case = await world.submitted()
    hour = now.replace(minute=0, second=0, microsecond=0)
    ((row,),) = await world.rows("SELECT received_at FROM submission")
    ((line,),) = await world.rows("SELECT at FROM submission_line")
    ((entry,),) = await world.rows("SELECT at FROM audit_entry")
    ((event,),) = await world.rows("SELECT time FROM outbox")
    assert row == line == entry == event == hour
    named = await world.submitted(world.named())
    ((exact,),) = await world.rows("SELECT received_at FROM submission WHERE id = :id", id=named.id)
    assert exact == now
    assert case.ticket["received_at"].endswith(":00:00Z")
    assert case.id.version == 4  # no time in the id


async def test_events_of_anonymous_senders_wait_a_random_time(world: Any) -> None:
    now = world.clock.moment
    waits = set()
    for _ in range(12):
        await world.submitted()
    for (visible_at,) in await world.rows("SELECT visible_at FROM outbox"):
        assert now <= visible_at <= now + timedelta(seconds=90)
        waits.add(visible_at)
    assert len(waits) > 6
    named = await world.submitted(world.named())
    ((visible_at,),) = await world.rows("SELECT visible_at FROM outbox WHERE subject = :id", id=named.id)
    assert visible_at == now


async def test_the_senders_word_is_by_the_hour_too_and_waits(world: Any) -> None:
    case = await world.at_step("dispute")
    ((at,),) = await world.rows("SELECT at FROM submission_line WHERE action = 'dispute'")
    assert (at.minute, at.second) == (0, 0)
    ((visible_at,),) = await world.rows("SELECT visible_at FROM outbox WHERE type LIKE '%disputed%'")
    assert visible_at >= world.clock.moment
    lines = (await case.track()).json()["timeline"]
    assert [line["action"] for line in lines] == ["submit", "classify", "accept", "assign", "answer", "dispute"]


async def test_name_and_text_are_sealed_apart_and_bound_to_their_row(world: Any) -> None:
    first = await world.submitted(world.named(text=SENTENCE) | {"contact": {"name": NAME, "phone": PHONE}})
    everything = await dump(world)
    for secret in (SENTENCE, NAME, PHONE):
        assert secret not in everything
    second = await world.submitted(world.body())
    connection = await asyncpg.connect(world.made.admin_dsn)
    await connection.execute(
        "UPDATE submission SET content_sealed = (SELECT content_sealed FROM submission WHERE id = $1) WHERE id = $2",
        first.id,
        second.id,
    )
    await connection.close()
    assert (await second.read()).status_code == 500  # moved to another row it does not open


async def test_events_and_audit_hold_neither_text_nor_name(world: Any) -> None:
    case = await world.at_step("dispute", world.named(text=SENTENCE))
    assert (await case.take("reveal")).status_code == 200
    rows = await world.rows("SELECT data::text FROM outbox UNION ALL SELECT details::text FROM audit_entry")
    for (text,) in rows:
        assert not re.search(r"[À-ỹ ]{6,}|84 9|Nguy|@", text.replace('": ', '":').replace(', "', ',"')), text


async def test_a_reveal_is_audited_and_the_sender_sees_it(world: Any) -> None:
    case = await world.at_step("classify", world.named())
    before = await case.read()
    assert "Nguyễn" not in before.text
    assert before.json()["identity_kept"] is True
    shown = await case.take("reveal")
    assert shown.json() == {"name": "Nguyễn Thị Lụa", "phone": "+84 912 345 678", "email": None}
    ((reason, actor),) = await world.rows(
        "SELECT reason, actor_id FROM audit_entry WHERE action = 'submission.reveal_identity'"
    )
    assert reason == "contact_sender"
    assert actor is not None
    line = (await case.track()).json()["timeline"][-1]
    assert (line["action"], line["code"]) == ("reveal_identity", "contact_sender")
    assert (await case.read()).json()["version"] == case.version  # no state changed, no event told
    assert len(await world.rows("SELECT id FROM outbox WHERE subject = :id", id=case.id)) == case.version


async def test_who_may_not_reveal(world: Any) -> None:
    case = await world.at_step("assign", world.named())
    assert (await case.take("reveal", token=world.handler)).status_code == 403
    assert (await case.take("reveal", token=world.intake)).status_code == 403
    assert (await case.take("reveal", token=world.issuer.token(("head", world.committee)))).status_code == 403
    assert (await case.take("reveal", token=world.other_officer)).status_code == 404
    officer = world.issuer.token(("data_protection_officer", world.city_front))
    assert (await case.take("reveal", token=officer)).status_code == 200
    anonymous = await world.submitted()
    assert (await anonymous.take("reveal")).json()["code"] == "no_identity"
    ((count,),) = await world.rows("SELECT count(*) FROM audit_entry WHERE action = 'submission.reveal_identity'")
    assert count == 1


async def test_a_photo_loses_its_position_before_it_is_stored(world: Any, photo: bytes) -> None:
    with Image.open(io.BytesIO(photo)) as sent:
        assert sent.getexif().get_ifd(0x8825)
    answer = await world.http.post(f"{BASE}/uploads", files={"file": ("IMG.jpg", photo, "image/jpeg")})
    upload = answer.json()
    case = await world.submitted(world.body(attachments=[upload["upload_id"]]))
    stored = await world.post("/tracking/attachment", case.key | {"attachment_id": upload["upload_id"]})
    assert stored.status_code == 200
    assert stored.headers["content-disposition"].startswith("attachment")
    assert stored.headers["x-content-type-options"] == "nosniff"
    assert hashlib.sha256(stored.content).hexdigest() == upload["sha256"]
    assert len(stored.content) == upload["size"]
    assert b"Exif" not in stored.content
    assert b"CANARY" not in stored.content
    with Image.open(io.BytesIO(stored.content)) as kept:
        assert dict(kept.getexif()) == {}
        assert "comment" not in kept.info
        assert kept.size == (32, 64)  # turned as the EXIF said
    by_staff = await world.get(f"/submissions/{case.id}/attachments/{upload['upload_id']}", world.officer)
    assert by_staff.content == stored.content
    other = await world.get(f"/submissions/{case.id}/attachments/{upload['upload_id']}", world.other_officer)
    assert other.status_code == 404
    assert datetime.fromisoformat(case.ticket["received_at"]).minute == 0
