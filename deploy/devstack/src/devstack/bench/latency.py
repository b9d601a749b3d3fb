"""From the commit in one service to the commit of the effect in another, at 35 submissions a second.

Both moments are PostgreSQL's own: with track_commit_timestamp it knows when each row's transaction was committed. The
way between is the whole courier: outbox row, relay, JetStream, consumer, inbox row with the effect.
"""

import asyncio
import json
import time
import uuid
from typing import Any

import asyncpg
import httpx

from devstack.bench._processor import Meter
from devstack.bench.submission import PATH, one_submission
from devstack.databases import with_database
from devstack.stack import Stack

PER_SECOND = 35
SECONDS = 20
P50_MS = 15.0
P99_MS = 100.0
_CONSUMERS = ("oversight", "targets", "webhooks")
_PLENTY = "100000000/60"
_ORIGIN = "SELECT id, pg_xact_commit_timestamp(xmin) AS at FROM submission WHERE identity_mode = 'named'"
_EVENTS = "SELECT id, subject FROM outbox WHERE type = 'feedback.submission.received.v1'"
_EFFECT = "SELECT event_id, pg_xact_commit_timestamp(xmin) AS at FROM inbox WHERE event_id = ANY($1)"


def run(*, seconds: int = SECONDS) -> dict[str, Any]:
    """Measure and return the percentiles in milliseconds beside their budgets."""
    return asyncio.run(_run(seconds))


async def _run(seconds: int) -> dict[str, Any]:
    settings = {
        "LOG_FORMAT": "json",
        "RATE_LIMITS": json.dumps({"address": _PLENTY, "public": _PLENTY, "intake": _PLENTY}),
    }
    async with Stack(extra_env=settings, report=lambda _: None) as stack:
        await _remember_commits(stack)
        async with httpx.AsyncClient(base_url=stack.base_url, timeout=10) as client:
            await _send(client, 2)  # connections and prepared statements are there
            meter = Meter(stack.pids)
            sent = await _send(client, seconds)
            used = meter.read()
        await asyncio.sleep(3)
        waits = {name: await _waits(stack, name, sent) for name in _CONSUMERS}
    worst = max(waits, key=lambda name: _percentile(waits[name], 50))
    p50, p99 = _percentile(waits[worst], 50), _percentile(waits[worst], 99)
    complete = all(len(found) == len(sent) for found in waits.values())
    return {
        "name": "latency",
        "ratio": round(max(p50 / P50_MS, p99 / P99_MS), 4),
        "budget": 1.0,
        "holds": p50 <= P50_MS and p99 <= P99_MS and complete,
        "ours": {"p50_ms": p50, "p99_ms": p99},
        "reference": {"p50_ms": P50_MS, "p99_ms": P99_MS},
        "summary": f"p50 {p50:.1f} ms (budget {P50_MS:g}), p99 {p99:.1f} ms (budget {P99_MS:g})",
        "details": {
            "per_second": PER_SECOND,
            "sent": len(sent),
            "by_consumer": {
                name: {"arrived": len(found)} | {f"p{p}_ms": _percentile(found, p) for p in (50, 95, 99, 100)}
                for name, found in waits.items()
            },
            "processor_share_of_one_core": {name: round(used_s / seconds, 3) for name, used_s in used.items()},
        },
    }


async def _remember_commits(stack: Stack) -> None:
    """Let PostgreSQL keep commit times, which it only begins at a start."""
    admin = await asyncpg.connect(stack.admin_dsn)
    await admin.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await admin.close()
    await stack.pause("postgres")
    await stack.resume("postgres")
    for name in (*_CONSUMERS, "feedback", "gateway"):
        await stack.wait_ready(name)
    await asyncio.sleep(5)  # everybody has noticed and is connected again


async def _send(client: httpx.AsyncClient, seconds: int) -> set[str]:
    """Send named submissions at an even pace, never waiting for the one before; return their codes."""
    body = json.loads(one_submission()) | {
        "identity_mode": "named",
        "contact": {"name": "Nguyễn Văn An", "phone": "0901234567"},
    }

    async def one() -> str:
        answer = await client.post(PATH, json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
        return str(answer.raise_for_status().json()["code"])

    began, tasks = time.monotonic(), []
    for number in range(PER_SECOND * seconds):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        tasks.append(asyncio.create_task(one()))
    return set(await asyncio.gather(*tasks))


async def _waits(stack: Stack, consumer: str, codes: set[str]) -> list[float]:
    """Return, sorted, the milliseconds between both commits of every submission that arrived at a consumer."""
    feedback = await asyncpg.connect(with_database(stack.admin_dsn, "feedback"))
    origin = {row["id"]: row["at"] for row in await feedback.fetch(_ORIGIN + " AND code = ANY($1)", list(codes))}
    subjects = {row["id"]: row["subject"] for row in await feedback.fetch(_EVENTS) if row["subject"] in origin}
    await feedback.close()
    other = await asyncpg.connect(with_database(stack.admin_dsn, consumer))
    effects = await other.fetch(_EFFECT, list(subjects))
    await other.close()
    return sorted((row["at"] - origin[subjects[row["event_id"]]]).total_seconds() * 1000 for row in effects)


def _percentile(sorted_values: list[float], percent: int) -> float:
    if not sorted_values:
        return float("inf")
    return round(sorted_values[min(len(sorted_values) - 1, len(sorted_values) * percent // 100)], 2)
