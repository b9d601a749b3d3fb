"""The service as it is run: `python -m feedback migrate`, then `serve` with its worker inside."""

import asyncio
import contextlib
import json
import os
import socket
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import nats
from sqlalchemy import insert

from servicekit import migrations
from servicekit.db import Database
from servicekit.tables import reference, reference_source


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_migrate_serve_submit_and_the_event_arrives(engines: Any, world: Any, tmp_path: Path) -> None:
    name = f"feedback_{uuid.uuid4().hex[:8]}"
    made = await engines.create_database(name, service="feedback")
    port = free_port()
    settings = world.runtime.settings
    environment = {
        **{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},
        "DEPLOYMENT": "test",
        "SERVICE_PORT": str(port),
        "REGISTRY_URL": "http://127.0.0.1:9",
        "CLIENT_SECRET": "x",
        "DATABASE_URL": made.app_url,
        "MIGRATION_DATABASE_URL": made.owner_url,
        "NATS_URL": engines.nats_url("feedback"),
        "KEYRING": settings.keyring.get_secret_value(),
        "INDEX_KEY": settings.index_key.get_secret_value(),
        "SIGNING_KEY": settings.signing_key.get_secret_value(),
        "FILES_URL": f"file://{tmp_path}/photos",
        "ANONYMOUS_EVENT_DELAY_SECONDS": "0",
        "EMBED_WORKER": "true",
        "DATABASE_POOL": "4",
    }
    migrated = await run("migrate", environment)
    assert await migrated.wait() == 0
    assert await asyncio.to_thread(migrations.check_drift, "feedback", made.owner_url) == []
    await copy_registry_facts(world, made.app_url)
    client = await nats.connect(engines.nats_url("ops"))
    arrived: asyncio.Queue[Any] = asyncio.Queue()
    await client.subscribe("feedback.submission.received.v1.>", cb=arrived.put)
    served = await run("serve", environment)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            await ready(http)
            answer = await http.post(
                "/api/v1/feedback/submissions", json=world.body(), headers={"Idempotency-Key": uuid.uuid4().hex}
            )
            assert answer.status_code == 201, answer.text
            message = await asyncio.wait_for(arrived.get(), 10)
            event = json.loads(message.data)
            assert event["data"]["identity_mode"] == "anonymous"
            assert event["sequence"] == "1"
            tracked = await http.post(
                "/api/v1/feedback/tracking", json={name: answer.json()[name] for name in ("code", "secret")}
            )
            assert tracked.json()["waiting_for"] == "front_committee"
            document = (await http.get("/openapi.json")).json()
            assert "/api/v1/feedback/submissions/{submission_id}/reveal-identity" in document["paths"]
    finally:
        served.terminate()
        code = await asyncio.wait_for(served.wait(), 20)
        await client.close()
        await engines.drop_database(name)
    assert code in (0, -15)


async def run(command: str, environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "feedback", command, env=environment)


async def ready(http: httpx.AsyncClient) -> None:
    for _ in range(150):
        with contextlib.suppress(httpx.TransportError):
            answer = await http.get("/readyz")
            if answer.status_code == 200 and answer.json()["nats"] == "up":
                return
        await asyncio.sleep(0.1)
    raise AssertionError("the service does not become ready")


async def copy_registry_facts(world: Any, url: str) -> None:
    """Put the registry's facts of the test world into another database, as the reference copy would."""
    rows = await world.rows("SELECT kind, id, version, path, data, changed_at FROM reference")
    database = Database(url, pool=2)
    async with database.write() as session:
        await session.execute(insert(reference), [dict(row._mapping) for row in rows])
        for kind in world.runtime.service.references:
            await session.execute(insert(reference_source).values(kind=kind, complete_at=world.clock.now()))
    await database.close()
