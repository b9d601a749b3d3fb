"""From an event to a verified delivery: signatures, retries as rows, switching off, the log, resending."""

import asyncio
import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from servicekit.events import Event, encode
from servicekit.inbox import Outcome, handle_once
from servicekit.signatures import read_public_key
from webhooks.consumers import CONSUMERS
from webhooks.domain.retry_schedule import STEPS, next_attempt
from webhooks.sending.attempts import read_retry_after

OURS, CHILD, OTHERS = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
FEEDBACK = next(one for one in CONSUMERS if one.stream == "FEEDBACK")


def event(sequence: int = 1, subject: uuid.UUID | None = None, kind: str = "received") -> Event:
    return Event(
        id=uuid.uuid4(),
        type=f"feedback.submission.{kind}.v1",
        source="nhipcau/feedback",
        subject=subject or uuid.uuid4(),
        sequence=sequence,
        time=datetime.now(UTC),
        data={"identity_mode": "anonymous", "received_on": "2026-11-23"},
    )


async def arrive(service: SimpleNamespace, *events: Event) -> None:
    for one in events:
        await handle_once(service.runtime.database, FEEDBACK, one, datetime.now(UTC))


async def deliver(service: SimpleNamespace, rounds: int = 1, calls: int | None = None) -> None:
    """Tick the line until it made `calls` calls or `rounds` rounds passed."""
    line = service.runtime.part("line")
    for _ in range(rounds if calls is None else 200):
        await line.tick()
        await line.close()
        if calls is not None and len(service.receiver.calls) >= calls:
            return
        await asyncio.sleep(0.01 if calls is None else 0.05)


async def rows(service: SimpleNamespace, query: str) -> list[Any]:
    connection = await asyncpg.connect(service.made.admin_dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def test_a_delivery_verifies_with_the_public_package_and_with_the_published_key(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    told = event()
    await arrive(service, told)
    await deliver(service)
    [call] = service.receiver.calls
    Webhook(endpoint["secret"]).verify(call.body, call.headers)
    assert call.body == encode(told)
    assert call.headers["webhook-id"] == str(told.id)
    published = (await service.client.get("/public-keys.json")).json()["standard_webhooks"]
    v1a = next(one for one in call.headers["webhook-signature"].split() if one.startswith("v1a,"))
    signed = f"{told.id}.{call.headers['webhook-timestamp']}.".encode() + call.body
    read_public_key(published).verify(base64.b64decode(v1a.removeprefix("v1a,")), signed)


async def test_one_changed_byte_or_another_secret_does_not_verify(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    await arrive(service, event())
    await deliver(service)
    [call] = service.receiver.calls
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(call.body.replace(b"anonymous", b"anonymouz"), call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(24)).decode()).verify(call.body, call.headers)


async def test_both_secrets_verify_during_a_rotation_and_only_the_new_one_after(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    headers = {**service.token(), "If-Match": '"1"'}
    rotated = (await service.client.post(f"/endpoints/{endpoint['id']}/rotate-secret", headers=headers)).json()
    await arrive(service, event())
    await deliver(service)
    for secret in (endpoint["secret"], rotated["secret"]):
        Webhook(secret).verify(service.receiver.calls[0].body, service.receiver.calls[0].headers)
    await rows(service, "UPDATE endpoint SET old_secret_until = now() - interval '1 second'")
    await arrive(service, event())
    await deliver(service)
    Webhook(rotated["secret"]).verify(service.receiver.calls[1].body, service.receiver.calls[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(service.receiver.calls[1].body, service.receiver.calls[1].headers)


async def test_an_event_twice_is_delivered_once(service: SimpleNamespace) -> None:
    await service.register(service)
    told = event()
    await arrive(service, told)
    assert await handle_once(service.runtime.database, FEEDBACK, told, datetime.now(UTC)) is Outcome.DUPLICATE
    await deliver(service, rounds=2)
    assert len(service.receiver.calls) == 1


async def test_a_filter_lets_through_what_it_names(service: SimpleNamespace) -> None:
    await service.register(service, event_types=["feedback.submission.answered.v1", "oversight.*"])
    await arrive(service, event())
    await deliver(service)
    assert service.receiver.calls == []


async def test_failures_are_tried_again_with_the_same_id_and_bytes(service: SimpleNamespace) -> None:
    await service.register(service)
    service.receiver.answers = [(500, {}, b"broken"), (302, {"location": "http://127.0.0.1:1/"}, b""), (200, {}, b"ok")]
    await arrive(service, event())
    await deliver(service, calls=3)
    assert len({call.headers["webhook-id"] for call in service.receiver.calls}) == 1
    assert len({call.body for call in service.receiver.calls}) == 1
    [row] = await rows(service, "SELECT status, attempts FROM delivery")
    assert (row["status"], row["attempts"]) == ("delivered", 3)
    assert [one["status_code"] for one in await rows(service, "SELECT status_code FROM attempt ORDER BY id")] == [
        500,
        302,
        200,
    ]


async def test_gone_switches_the_endpoint_off_and_says_so(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    service.receiver.answers = [(410, {}, b"")]
    await arrive(service, event())
    await deliver(service)
    shown = (await service.client.get(f"/endpoints/{endpoint['id']}", headers=service.token())).json()
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "gone")
    told = [row["type"] for row in await rows(service, "SELECT type FROM outbox ORDER BY position")]
    assert told == ["webhooks.endpoint.enabled.v1", "webhooks.endpoint.disabled.v1"]


@pytest.mark.parametrize(("last_success", "status"), [(timedelta(days=6), "disabled"), (timedelta(days=4), "active")])
async def test_five_days_of_failure_switch_it_off(
    service: SimpleNamespace, last_success: timedelta, status: str
) -> None:
    endpoint = await service.register(service)
    scaled = (last_success * 0.001).total_seconds()
    await rows(service, f"UPDATE endpoint SET failing_since = now() - make_interval(secs => {scaled})")
    service.receiver.answers = [(500, {}, b"")]
    await arrive(service, event())
    await deliver(service)
    shown = (await service.client.get(f"/endpoints/{endpoint['id']}", headers=service.token())).json()
    assert shown["status"] == status


async def test_retry_after_is_waited_for(service: SimpleNamespace) -> None:
    await service.register(service)
    service.receiver.answers = [(429, {"retry-after": "3600"}, b"")]
    await arrive(service, event())
    await deliver(service)
    [row] = await rows(service, "SELECT next_attempt_at - now() AS wait FROM delivery")
    assert timedelta(minutes=58) < row["wait"] <= timedelta(hours=1)


async def test_a_hanging_receiver_holds_up_nobody_else(service: SimpleNamespace) -> None:
    await service.register(service)
    service.receiver.wait = 0.3
    await arrive(service, *[event() for _ in range(40)])
    line = service.runtime.part("line")
    await line.tick()
    await line.tick()
    assert max(line._busy.values()) == 16, "the share of one endpoint"
    await line.close()


async def test_the_log_shows_every_try_and_a_delivery_can_be_sent_again(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    service.receiver.answers = [(500, {}, "lỗi".encode())]
    await arrive(service, event())
    await deliver(service, calls=2)
    log = (await service.client.get(f"/endpoints/{endpoint['id']}/deliveries", headers=service.token())).json()
    [line] = log["items"]
    detail = (await service.client.get(f"/deliveries/{line['id']}", headers=service.token())).json()
    assert [one["status_code"] for one in detail["tries"]] == [500, 204]
    assert detail["tries"][0]["response_start"] == "lỗi"
    again = await service.client.post(f"/deliveries/{line['id']}/resend", headers={**service.token(), **service.key()})
    assert again.status_code == 202
    await deliver(service, calls=3)
    assert service.receiver.calls[2].headers["webhook-id"] == service.receiver.calls[0].headers["webhook-id"]
    assert service.receiver.calls[2].body == service.receiver.calls[0].body


async def test_a_test_message_is_sent_on_request(service: SimpleNamespace) -> None:
    endpoint = await service.register(service, event_types=["oversight.*"])
    response = await service.client.post(
        f"/endpoints/{endpoint['id']}/test", headers={**service.token(), **service.key()}
    )
    assert response.status_code == 202
    await deliver(service)
    assert json.loads(service.receiver.calls[0].body)["data"] == {"test": True}


async def test_secrets_and_answers_are_sealed_at_rest(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    service.receiver.answers = [(500, {}, b"CANARY-ANSWER")]
    await arrive(service, event())
    await deliver(service)
    stored = repr(await rows(service, "SELECT * FROM endpoint")) + repr(await rows(service, "SELECT * FROM attempt"))
    assert "CANARY" not in stored
    assert endpoint["secret"].removeprefix("whsec_") not in stored


async def test_another_organisation_sees_nothing(service: SimpleNamespace) -> None:
    endpoint = await service.register(service)
    for method, path in (
        ("GET", f"/endpoints/{endpoint['id']}"),
        ("PATCH", f"/endpoints/{endpoint['id']}"),
        ("DELETE", f"/endpoints/{endpoint['id']}"),
        ("POST", f"/endpoints/{endpoint['id']}/rotate-secret"),
        ("POST", f"/endpoints/{endpoint['id']}/disable"),
        ("POST", f"/endpoints/{endpoint['id']}/test"),
        ("GET", f"/endpoints/{endpoint['id']}/deliveries"),
    ):
        headers = {**service.token(OTHERS), **service.key(), "If-Match": '"1"'}
        body = {"json": {}} if method == "PATCH" else {}
        assert (await service.client.request(method, path, headers=headers, **body)).status_code == 404
    assert (await service.client.get("/endpoints", headers=service.token(OTHERS))).json()["items"] == []
    assert (await service.client.get("/endpoints", headers=service.token(CHILD))).json()["items"] == []
    assert len((await service.client.get("/endpoints", headers=service.token(OURS))).json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "https://127.0.0.1/hook"}, "target_refused"),
        ({"url": "http://8.8.8.8/hook"}, "target_refused"),
        ({"event_types": ["feedback.submission.unknown.v1"]}, "unknown_event_type"),
        ({"event_types": ["webhooks.endpoint.disabled.v1"]}, "unknown_event_type"),
        ({"owner_organisation_id": str(OTHERS)}, "owner_not_yours"),
        ({"status": "active"}, "invalid"),
        ({"description": " \u200b "}, "invalid"),
        ({"event_types": "all"}, "invalid"),
    ],
)
async def test_a_wrong_registration_is_refused_and_nothing_stored(
    service: SimpleNamespace, changes: dict[str, Any], code: str
) -> None:
    body = {"url": service.receiver.url, "description": "x", "event_types": [], "owner_organisation_id": str(OURS)}
    response = await service.client.post(
        "/endpoints", json={**body, **changes}, headers={**service.token(), **service.key()}
    )
    assert (response.status_code, response.json()["code"]) == (403 if code == "owner_not_yours" else 422, code)
    assert await rows(service, "SELECT id FROM endpoint") == []


async def test_a_stale_version_and_a_skipped_state_are_refused(service: SimpleNamespace) -> None:
    path = f"/endpoints/{(await service.register(service))['id']}"
    stale = await service.client.patch(
        path, json={"description": "mới"}, headers={**service.token(), "If-Match": '"7"'}
    )
    missing = await service.client.patch(path, json={"description": "mới"}, headers=service.token())
    skipped = await service.client.post(f"{path}/enable", headers={**service.token(), "If-Match": '"1"'})
    assert (stale.status_code, missing.status_code, skipped.status_code) == (412, 428, 409)


def test_the_schedule_is_longer_than_three_days_and_ends() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert sum(STEPS, timedelta()) > timedelta(days=3)
    assert next_attempt(1, now, chance=0.5) == now + timedelta(seconds=5)
    assert next_attempt(len(STEPS), now, chance=0.5) is None
    early, late = next_attempt(2, now, chance=0.0), next_attempt(2, now, chance=1.0)
    assert (early, late) == (now + timedelta(minutes=4), now + timedelta(minutes=6))
    assert next_attempt(1, now, chance=0.5, retry_after=timedelta(days=9)) == now + timedelta(hours=24)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("Mon, 23 Nov 2026 00:01:00 GMT", 60), ("soon", None), ("-5", None), (None, None), ("9" * 20, None)],
)
def test_retry_after_is_read_in_both_forms(text: str | None, seconds: int | None) -> None:
    found = read_retry_after(text, datetime(2026, 11, 23, tzinfo=UTC))
    assert found == (None if seconds is None else timedelta(seconds=seconds))
