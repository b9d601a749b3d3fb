"""The service as a process: migrate, serve with its worker, hear feedback over NATS, notice silence, tell it."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import asyncpg
import httpx
import nats
import pytest

from servicekit.events import Event, encode
from servicekit.working_days import local_date


class RegistryStandIn(BaseHTTPRequestHandler):
    """Answers what this service asks the registry: keys, its token, what was revoked, pages of facts."""

    keys: Any = None
    facts: Any = None

    def do_GET(self) -> None:
        if self.path.startswith("/api/v1/registry/jwks.json"):
            self._answer(self.keys)
        elif self.path.startswith("/api/v1/registry/revocations"):
            self._answer({"items": [], "cursor": "0"})
        else:
            kind = self.path.partition("kind=")[2].partition("&")[0]
            self._answer({"items": self.facts.get(kind, []), "next_cursor": None})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "x", "token_type": "Bearer", "expires_in": 600})

    def _answer(self, body: Any) -> None:
        data = json.dumps(body, default=str).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def registry(world: Any) -> Iterator[str]:
    today = local_date(datetime.now(UTC)).isoformat()
    facts = [fact for fact in world.facts if fact["kind"] != "calendar_day"]
    facts.append(world.special_day(today, "working_saturday", "Ngày làm việc của bài thử"))
    RegistryStandIn.keys = asyncio.run(world.issuer.keys())
    RegistryStandIn.facts = {}
    for fact in facts:
        item = {"id": str(fact["id"]), "version": 1, "kind": fact["kind"], "data": fact["data"]}
        RegistryStandIn.facts.setdefault(fact["kind"], []).append(item)
    server = ThreadingHTTPServer(("127.0.0.1", 0), RegistryStandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def process(engines: Any, registry: str, free_port: int) -> Iterator[str]:
    """`python -m oversight migrate`, then `serve` with the worker inside."""
    settings = engines.settings_of_process | {
        "SERVICE_PORT": str(free_port),
        "REGISTRY_URL": registry,
        "DATABASE_URL": engines.database_url("oversight"),
        "MIGRATION_DATABASE_URL": engines.database_url("oversight", "owner"),
        "NATS_URL": engines.nats_url("oversight"),
        "EMBED_WORKER": "true",
        "OVERDUE_CHECK_SECONDS": "1",
    }
    command = [sys.executable, "-m", "oversight"]
    environment = {**os.environ, **settings}
    subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True, timeout=30)
    running = subprocess.Popen([*command, "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{free_port}"
    finally:
        running.terminate()
        running.wait(timeout=15)


def until(check: Any, seconds: float = 15) -> Any:
    """Ask again until there is an answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = check()
        except httpx.TransportError:
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("waited too long")


def test_silence_is_noticed_and_told_by_the_running_process(world: Any, engines: Any, process: str) -> None:
    ready = until(lambda: (answer := httpx.get(f"{process}/readyz")).status_code == 200 and answer.json(), 30)
    assert ready["database"] == "up"
    http = httpx.Client(base_url=f"{process}/api/v1/oversight", headers={"Authorization": f"Bearer {world.officer}"})
    submission = uuid.uuid4()
    asyncio.run(publish_received(engines.nats_url("feedback"), submission, world.front))

    today = local_date(datetime.now(UTC))
    body = world.case_body(submission_id=str(submission))

    def open_case() -> Any:
        answer = http.post("/cases", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
        assert answer.status_code in (201, 404), answer.text
        return answer.json() if answer.status_code == 201 else None

    case = until(open_case)
    path, past = f"/cases/{case['id']}", today - timedelta(days=40)
    assert http.post(f"{path}/plan", json=world.plan_body(past), headers={"If-Match": '"1"'}).is_success
    assert http.post(f"{path}/conclude", json=world.conclusion_body(past), headers={"If-Match": '"2"'}).is_success
    late, timely = {"received_on": past.isoformat()}, {"received_on": today.isoformat()}
    addressees = [
        {"organisation_id": str(world.committee), **late},
        {"organisation_id": str(world.other_committee), **timely},
    ]
    served = http.post(
        f"{path}/recommendations",
        json=world.recommendation_body(addressees=addressees),
        headers={"If-Match": '"3"', "Idempotency-Key": uuid.uuid4().hex},
    )
    assert served.status_code == 201, served.text

    recommendation = f"/recommendations/{served.json()['id']}"

    def states() -> Any:
        found = {one["organisation"]["id"]: one["status"] for one in http.get(recommendation).json()["addressees"]}
        return found if found[str(world.committee)] == "overdue" else None

    assert until(states)[str(world.other_committee)] == "served"
    told = asyncio.run(events_told(engines.databases["oversight"].admin_dsn))
    assert told == [
        "oversight.case.opened.v1",
        "oversight.case.planned.v1",
        "oversight.case.concluded.v1",
        "oversight.recommendation.served.v1",
        "oversight.recommendation.overdue.v1",
    ]


async def publish_received(url: str, submission: uuid.UUID, front: uuid.UUID) -> None:
    now = datetime.now(UTC)
    event = Event(
        id=uuid.uuid4(),
        type="feedback.submission.received.v1",
        source="nhipcau/feedback",
        subject=submission,
        sequence=1,
        time=now,
        data={
            "identity_mode": "anonymous",
            "front_organisation_id": str(front),
            "unit_id": str(uuid.uuid4()),
            "received_on": local_date(now).isoformat(),
        },
    )
    client = await nats.connect(url)
    await client.jetstream().publish(event.channel, encode(event), headers={"Nats-Msg-Id": str(event.id)})
    await client.close()


async def events_told(dsn: str) -> list[str]:
    """Return the types published to NATS, in order, once all of them are."""
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(100):
            rows = await connection.fetch("SELECT type, published_at FROM outbox ORDER BY position")
            if all(row["published_at"] for row in rows):
                break
            await asyncio.sleep(0.1)
        assert all(row["published_at"] for row in rows)
        return [row["type"] for row in rows]
    finally:
        await connection.close()
