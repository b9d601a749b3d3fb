"""The worker of a service: relay, sealer, consumers and jobs, each restarted when it fails.

Runs inside the application's lifespan (embedded) or as a process of its own; several may run beside each other, the
relay, the sealing and each job are done by one of them.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from opentelemetry import metrics

from servicekit.audit import Sealer
from servicekit.dead_letters import REASONS, count_dead_letters
from servicekit.inbox import Consumer, run_consumer
from servicekit.leases import Leases
from servicekit.nats_bus import ConsumerStalled
from servicekit.reference import ensure, reference_consumer
from servicekit.relay import Relay
from servicekit.service import Runtime
from servicekit.waiting import pause

__all__ = ["Job", "run_worker"]

HEALTH_SECONDS = 2.0
MAX_STALLS = 2
_meter = metrics.get_meter("servicekit")
_waiting = _meter.create_gauge("nhipcau_outbox_waiting", description="Committed events not yet published")
_oldest = _meter.create_gauge("nhipcau_outbox_oldest_seconds", description="Age of the oldest of them")
_letters = _meter.create_gauge("nhipcau_dead_letters_waiting", description="Events put aside, by reason")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every so often by one process: `run(database, runtime, now)` opens its own transactions.

    It must bear being run again: a process may die in the middle, and the interval starts anew in the next one.
    """

    name: str
    every: timedelta
    run: Callable[[Any, Runtime, datetime], Awaitable[None]]


async def run_worker(runtime: Runtime, stop: asyncio.Event, *, heartbeat: Path | None = None) -> None:
    """Run everything of `runtime.service` that is not a request, until `stop` is set; reports to `runtime.health`.

    `heartbeat` is touched every few seconds while this loop turns and the database answers: a container has no other
    way to see that a process without a port is well.
    """
    service = runtime.service
    relay = Relay(runtime.database, runtime.bus, service.name, clock=runtime.clock)
    sealer = Sealer(runtime.database, service.name)
    leases = Leases(runtime.database)
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "relay": partial(relay.run, stop),
        "sealer": partial(sealer.run, stop),
        "health": partial(_report, runtime, relay, sealer, stop, heartbeat),
    }
    for consumer in service.consumers:
        parts[f"consumer {consumer.name}"] = partial(_consume, runtime, consumer, stop)
    for job in service.jobs:
        parts[f"job {job.name}"] = partial(_repeat, runtime, job, leases, stop)
    try:
        async with asyncio.TaskGroup() as group:
            for name, run in parts.items():
                group.create_task(_supervise(name, run, stop), name=name)
    finally:
        await leases.close()


async def _supervise(name: str, run: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run a part again whenever it ends before `stop`, waiting longer each time it ends soon."""
    loop = asyncio.get_running_loop()
    wait = 0.5
    while not stop.is_set():
        started = loop.time()
        try:
            await run()
        except Exception:
            _log.exception("worker_part_failed", part=name)
        if stop.is_set():
            return
        wait = 0.5 if loop.time() - started > 60 else min(wait * 2, 30.0)
        await pause(stop, wait)


async def _consume(runtime: Runtime, consumer: Consumer, stop: asyncio.Event) -> None:
    """Read a stream; the copies of the registry's facts are there before its first event is read."""
    service = runtime.service
    if service.references and consumer.name == reference_consumer(service.name):
        await ensure(
            runtime.database,
            runtime.part("registry").page,
            service.references,
            runtime.clock.now,
            stop,
            consumer=consumer.name,
        )
    for stalls in range(MAX_STALLS + 1):
        try:
            await run_consumer(
                runtime.database, runtime.bus, consumer, runtime.clock, stop, after_commit=runtime.waker.wake
            )
            return
        except ConsumerStalled:
            _log.error("consumer_stalled", consumer=consumer.name, stalls=stalls + 1)
            await runtime.bus.reset()
    _log.critical("worker_gives_up", consumer=consumer.name)
    signal.raise_signal(signal.SIGTERM)


async def _repeat(runtime: Runtime, job: Job, leases: Leases, stop: asyncio.Event) -> None:
    seconds = job.every.total_seconds()
    state = runtime.health.setdefault("jobs", {}).setdefault(job.name, {})
    while not stop.is_set():
        try:
            if await leases.take(f"job {job.name}"):
                now = runtime.clock.now()
                await job.run(runtime.database, runtime, now)
                state.update(ran_at=now.isoformat(), error=None)
                runtime.waker.wake()
            else:
                state.update(error=None, standby=True)
        except Exception as error:
            state["error"] = type(error).__name__
            _log.exception("job_failed", job=job.name)
            await pause(stop, min(seconds, 5.0))
            continue
        await pause(stop, seconds)


async def _report(runtime: Runtime, relay: Relay, sealer: Sealer, stop: asyncio.Event, heartbeat: Path | None) -> None:
    """Refresh what /readyz tells about the worker, and the heartbeat."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        health = runtime.health
        health["sealer"] = sealer.state
        health["consumers"] = {name: round(loop.time() - at, 1) for name, at in runtime.bus.signs.items()}
        try:
            waiting, oldest = await relay.backlog()
            health["relay"] = {"state": relay.state, "waiting": waiting, "oldest_seconds": round(oldest, 1)}
            health["dead_letters"] = letters = await count_dead_letters(runtime.database)
            _waiting.set(waiting)
            _oldest.set(oldest)
            for reason in REASONS:
                _letters.set(letters.get(reason, 0), {"reason": reason})
            if heartbeat is not None:
                await asyncio.to_thread(heartbeat.touch)
        except Exception as error:
            health["relay"] = {"state": relay.state, "error": type(error).__name__}
        await pause(stop, HEALTH_SECONDS)
