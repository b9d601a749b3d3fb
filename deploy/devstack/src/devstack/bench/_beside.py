"""The whole house and a bare application side by side on one PostgreSQL, under the same load in turns.

The house runs as `up` runs it: every service, workers inside. Changed is only what would measure something else: the
gateway's allowances are too large to run out (they are still counted and sent), and log lines are JSON as in
production. Before each pair of rounds the backlog is awaited, so no side pays for the other's work.

Events of anonymous senders leave after a random wait of up to 90 s, so their publishing and what five services make of
them is spread over the rounds of both sides and the time after. ANONYMOUS_EVENT_DELAY_SECONDS=0 before the command
brings all of it into the rounds of ours: then it is the capacity of the whole house that is measured.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import asyncpg
import nats

from devstack.bench import _bare_app, loadgen
from devstack.bench._processor import Meter
from devstack.databases import with_database
from devstack.probes import wait_until
from devstack.processes import Command, end, free_ports, spawn
from devstack.stack import Stack

BUDGET = 0.35
CONNECTIONS = 32
ROUNDS = 3
SECONDS = 5
POOL = 8
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_PLENTY = "100000000/60"
_SETTINGS = {
    "LOG_FORMAT": "json",
    "DATABASE_POOL": str(POOL),
    "RATE_LIMITS": json.dumps(dict.fromkeys(("address", "intake", "tracking", "public", "refused"), _PLENTY)),
}
_ON_ITS_WAY = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL AND visible_at <= now())
     + (SELECT count(*) FROM audit_unsealed)"""
_STILL = 25
"""So few events on their way are the trickle of the delayed ones, no backlog."""


@dataclass
class Beside:
    """Both sides, running; `bare` is a connection to the bare application's database."""

    stack: Stack
    bare: "asyncpg.Connection[asyncpg.Record]"
    bare_url: str
    pids: dict[str, int]
    generator: ProcessPoolExecutor

    async def post(self, url: str, bodies: Sequence[bytes], *, seconds: int) -> loadgen.Load:
        """Load one address from the generator's own process; the supervisor here goes on reading logs."""
        work = partial(loadgen.post, url, headers=_HEADERS, bodies=bodies, connections=CONNECTIONS, seconds=seconds)
        return await asyncio.get_running_loop().run_in_executor(self.generator, work)

    async def compare(
        self,
        path: str,
        bodies: Sequence[bytes],
        *,
        bare_path: str,
        bare_bodies: Sequence[bytes],
        rounds: int,
        seconds: int,
    ) -> dict[str, Any]:
        """Load both sides in turns and return ratio, ours, reference and details."""
        ours_url, bare_url = self.stack.base_url + path, self.bare_url + bare_path
        await self.post(bare_url, bare_bodies, seconds=2)
        await self.post(ours_url, bodies, seconds=2)
        pairs, meters = [], []
        for _ in range(rounds):
            await self.settle()
            meter = Meter(self.pids)
            reference = await self.post(bare_url, bare_bodies, seconds=seconds)
            bare_use = meter.read()
            meter = Meter(self.pids)
            ours = await self.post(ours_url, bodies, seconds=seconds)
            meters.append((meter.read(), bare_use))
            pairs.append((ours, reference))
        await self.settle()
        ratio = statistics.median(ours.per_second / reference.per_second for ours, reference in pairs)
        failed = sum(load.failed for pair in pairs for load in pair)
        return {
            "ratio": round(ratio, 4),
            "budget": BUDGET,
            "holds": ratio >= BUDGET and failed == 0,
            "ours": round(statistics.median(ours.per_second for ours, _ in pairs)),
            "reference": round(statistics.median(reference.per_second for _, reference in pairs)),
            "unit": "requests/s",
            "details": {
                "rounds": [round(ours.per_second / reference.per_second, 4) for ours, reference in pairs],
                "failed": failed,
                "connections": CONNECTIONS,
                "database_connections": POOL,
                "seconds_per_round": seconds,
                "generator": loadgen.generator(),
                "cores": os.cpu_count(),
                "ours_ms": _times([ours for ours, _ in pairs]),
                "reference_ms": _times([reference for _, reference in pairs]),
                "ours_processor_ms_per_request": _split(
                    [use for use, _ in meters], [load for load, _ in pairs], seconds
                ),
                "reference_processor_ms_per_request": _split(
                    [use for _, use in meters], [load for _, load in pairs], seconds
                ),
            },
        }

    async def settle(self, patience: float = 120.0) -> None:
        """Wait until what may leave is published and consumed and every audit entry is sealed."""
        feedback = await asyncpg.connect(with_database(self.stack.admin_dsn, "feedback"))
        client = await nats.connect(self.stack.nats_url("ops"))
        try:

            async def is_quiet() -> bool:
                waiting: int = await feedback.fetchval(_ON_ITS_WAY)
                for each in await client.jetstream().consumers_info("FEEDBACK"):
                    waiting += (each.num_pending or 0) + (each.num_ack_pending or 0)
                return waiting <= _STILL

            await wait_until(is_quiet, what="the end of what is on its way", patience=patience, pause=0.2)
        finally:
            await client.close()
            await feedback.close()


@asynccontextmanager
async def beside() -> AsyncIterator[Beside]:
    """Run the house on a throwaway folder and free ports, and the bare application on the same PostgreSQL."""
    generator = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    worker = await asyncio.get_running_loop().run_in_executor(generator, os.getpid)
    try:
        async with Stack(extra_env=_SETTINGS, report=lambda _: None) as stack, _bare_database(stack) as bare:
            port = free_ports(1)[0]
            async with _bare_process(with_database(stack.admin_dsn, "bare"), port) as pid:
                pids = {**stack.pids, "bare": pid, "generator": worker}
                yield Beside(stack, bare, f"http://127.0.0.1:{port}", pids, generator)
    finally:
        generator.shutdown()


@asynccontextmanager
async def _bare_database(stack: Stack) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    admin = await asyncpg.connect(stack.admin_dsn)
    await admin.execute("CREATE DATABASE bare")
    await admin.close()
    bare = await asyncpg.connect(with_database(stack.admin_dsn, "bare"))
    try:
        await bare.execute(_bare_app.SCHEMA)
        yield bare
    finally:
        await bare.close()


@asynccontextmanager
async def _bare_process(dsn: str, port: int) -> AsyncIterator[int]:
    arguments = ["--factory", "--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command = Command(
        [sys.executable, "-P", "-m", "uvicorn", "devstack.bench._bare_app:create_app", *arguments],
        env={**os.environ, "BARE_DSN": dsn, "BARE_POOL": str(POOL)},
    )
    process = spawn(command, output=subprocess.DEVNULL)
    try:
        began = time.monotonic()
        await wait_until(lambda: _listens(port), what="the bare application", patience=30, pause=0.1)
        assert process.poll() is None, f"the bare application ended after {time.monotonic() - began:.1f} s"
        yield process.pid
    finally:
        await end(process, stop_signal=command.stop_signal, patience=10)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _times(loads: Sequence[loadgen.Load]) -> dict[str, float]:
    return {
        "p50": round(statistics.median(load.p50 for load in loads), 2),
        "p99": round(statistics.median(load.p99 for load in loads), 2),
    }


def _split(uses: Sequence[dict[str, float]], loads: Sequence[loadgen.Load], seconds: int) -> dict[str, float]:
    """Return processor milliseconds per request by process; those that hardly worked are left out."""
    answered = sum(load.per_second for load in loads) * seconds
    split = {name: sum(use[name] for use in uses) * 1000 / answered for name in uses[0]}
    return {name: round(value, 3) for name, value in sorted(split.items(), key=lambda item: -item[1]) if value >= 0.005}
