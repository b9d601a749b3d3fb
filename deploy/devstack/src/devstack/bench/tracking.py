"""A tracking look-up by code and secret through the gateway beside a bare FastAPI + asyncpg read of one row."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx

from devstack.bench._beside import CONNECTIONS, ROUNDS, SECONDS, beside
from devstack.bench.submission import PATH, one_submission

_TICKETS = 1000


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> dict[str, Any]:
    """Measure and return the ratio with its details."""
    return asyncio.run(_run(rounds, seconds))


async def _run(rounds: int, seconds: int) -> dict[str, Any]:
    async with beside() as both:
        tickets = await _submit(both.stack.base_url)
        now = datetime.now(UTC)
        await both.bare.copy_records_to_table(
            "thing", records=[(uuid.uuid4(), ticket["code"], one_submission().decode(), now) for ticket in tickets]
        )
        bodies = [json.dumps(ticket).encode() for ticket in tickets]
        measured = await both.compare(
            "/api/v1/feedback/tracking",
            bodies,
            bare_path="/things/look",
            bare_bodies=bodies,
            rounds=rounds,
            seconds=seconds,
        )
    return {"name": "tracking", **measured}


async def _submit(base_url: str) -> list[dict[str, str]]:
    """Send submissions and return their codes and secrets."""
    gate = asyncio.Semaphore(CONNECTIONS)
    body = one_submission()
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:

        async def one() -> dict[str, str]:
            headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
            async with gate:
                answer = await client.post(PATH, content=body, headers=headers)
            ticket = answer.raise_for_status().json()
            return {"code": ticket["code"], "secret": ticket["secret"]}

        return await asyncio.gather(*(one() for _ in range(_TICKETS)))
