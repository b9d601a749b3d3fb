"""The worker: everything that is not a request, in one loop, each part alive again after it fell."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from sqlalchemy import text

from servicekit import worker
from servicekit.audit import write
from servicekit.audit_chain import verify
from servicekit.clock import SystemClock
from servicekit.db import Database
from servicekit.events import Event, encode
from servicekit.failures import CONNECTION_LOST
from servicekit.leases import Leases
from servicekit.outbox import Waker
from servicekit.reference import ReferenceBook, handlers
from servicekit.row_scope import PUBLIC
from servicekit.worker import Job, run_worker

WARD = uuid.UUID(int=2)


def runtime_of(database, bus, name, **service):
    """What a process holds, as far as the worker looks at it."""
    described = {"consumers": (), "jobs": (), "references": ()} | service
    return SimpleNamespace(
        service=SimpleNamespace(name=name, **described),
        database=database,
        bus=bus,
        clock=SystemClock(),
        waker=Waker(database),
        book=ReferenceBook(database, described["references"]),
        health={},
        part=lambda _: SimpleNamespace(page=_page),
    )


async def _page(kind, cursor):
    return [{"kind": kind, "id": str(WARD), "version": 3, "data": {"name": "ward"}}], None


def working(runtime):
    return (lambda stop: run_worker(runtime, stop)), runtime.waker.run, runtime.book.run


async def test_commit_here_is_an_effect_there_sealed_and_reported(world, bus, consumer_bus):
    here = runtime_of(world.publisher, bus, "feedback")
    there = runtime_of(world.consumer_database, consumer_bus, "oversight", consumers=(world.consumer,))
    async with world.background(*working(here), *working(there)):
        subject = uuid.uuid4()
        await world.change(subject)
        async with world.publisher.write() as session:
            await write(session, action="a", subject_type="t", subject_id=subject, actor=None, now=datetime.now(UTC))
        here.waker.wake()
        await world.until(world.settled)

        async def sealed():
            return (await verify(world.publisher)).count == 1

        await world.until(sealed)
        await world.until(lambda: there.health.get("consumers", {}).keys() == {"oversight-feedback"})
        await world.until(lambda: here.health["relay"]["state"] == "up" and here.health["relay"]["waiting"] == 0)
        await world.until(lambda: here.health["sealer"] == "up")
        assert there.health["dead_letters"] == {}
    assert await world.effect_violations() == []


async def test_reference_facts_are_copied_before_their_first_event(world, consumer_database, consumer_bus, engines):
    consumer = worker.Consumer("oversight-registry", "REGISTRY", handlers(["organisation"]))
    there = runtime_of(
        consumer_database, consumer_bus, "oversight", consumers=(consumer,), references=("organisation",)
    )
    event = Event(
        id=uuid.uuid4(),
        type="registry.organisation.changed.v1",
        source="nhipcau/registry",
        subject=WARD,
        sequence=4,
        time=datetime.now(UTC),
        data={"name": "renamed"},
    )
    async with (
        world.connected(engines.nats_url("registry"), "registry") as registry_bus,
        world.background(*working(there)),
    ):
        await registry_bus.publish(event.channel, encode(event), str(event.id))
        await world.until(lambda: there.book.ready)
        await world.until(lambda: there.book.get("organisation", WARD) == {"name": "renamed"})


async def test_job_runs_again_and_again_in_one_process_only(world, bus):
    runs = []

    def job(name):
        async def run(database, runtime, now):
            runs.append(name)

        return Job("count", timedelta(milliseconds=50), run)

    first = runtime_of(world.publisher, bus, "feedback", jobs=(job("first"),))
    second = runtime_of(world.publisher, bus, "feedback", jobs=(job("second"),))
    async with world.background(*working(second)):
        async with world.background(*working(first)):
            await world.until(lambda: len(runs) > 5)
            await world.until(lambda: first.health["jobs"]["count"] and second.health["jobs"]["count"])
            assert len(set(runs)) == 1
        runs.clear()
        await world.until(lambda: "second" in runs)


async def test_failing_job_is_told_and_tried_again(world, bus, monkeypatch):
    tries = []

    async def run(database, runtime, now):
        tries.append(1)
        if len(tries) == 1:
            raise ValueError

    here = runtime_of(world.publisher, bus, "feedback", jobs=(Job("hard", timedelta(milliseconds=100), run),))
    async with world.background(*working(here)):
        await world.until(lambda: here.health.get("jobs", {}).get("hard", {}).get("ran_at"))
    assert len(tries) >= 2


async def test_fallen_part_is_started_again(world, bus, monkeypatch):
    falls = []
    whole = worker.Relay.run

    async def falling(self, stop):
        falls.append(1)
        if len(falls) < 3:
            raise RuntimeError
        await whole(self, stop)

    monkeypatch.setattr(worker.Relay, "run", falling)
    here = runtime_of(world.publisher, bus, "feedback")
    async with world.background(*working(here)):
        await world.change(uuid.uuid4())

        async def published():
            return await world.unpublished() == 0

        await world.until(published)
    assert len(falls) == 3


async def test_worker_survives_both_engines_being_killed(world, bus, consumer_bus, engines):
    here = runtime_of(world.publisher, bus, "feedback")
    there = runtime_of(world.consumer_database, consumer_bus, "oversight", consumers=(world.consumer,))
    things = [uuid.uuid4() for _ in range(10)]
    async with world.background(*working(here), *working(there)):
        for thing in things:
            await world.change(thing)
        await asyncio.gather(engines.kill_postgres(), engines.kill_nats())
        await engines.start_nats()
        await engines.start_postgres()

        async def changed():
            try:
                return await world.change(things[0])
            except Exception:
                return False

        async def settled():
            try:
                return await world.settled()
            except Exception:  # a pooled connection that died with the server is found out by its first use
                return False

        await world.until(changed)
        here.waker.wake()
        await world.until(settled, 60)
    assert await world.outbox_violations() == []
    assert await world.effect_violations() == []


async def test_lease_goes_to_the_next_when_its_connection_dies(publisher, engines, world):
    first, second = Leases(publisher), Leases(publisher)
    assert await first.take("x")
    assert await first.take("x")
    assert not await second.take("x")
    assert await second.take("y")
    async with publisher.write(PUBLIC) as session:  # as the log-in role: the house may not end its connections
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )

    async def taken_by(leases):
        try:
            return await leases.take("x")
        except CONNECTION_LOST:
            return False

    await world.until(lambda: taken_by(second))
    assert not await taken_by(first)
    await first.close()
    await second.close()


async def test_the_heartbeat_beats_only_while_the_database_answers(world, bus, tmp_path):
    well, ill = tmp_path / "well", tmp_path / "ill"
    here = runtime_of(world.publisher, bus, "feedback")
    nowhere = Database("postgresql+asyncpg://feedback:x@127.0.0.1:1/feedback", pool=2, application="feedback")
    there = runtime_of(nowhere, bus, "feedback")
    async with world.background(
        lambda stop: run_worker(here, stop, heartbeat=well), lambda stop: run_worker(there, stop, heartbeat=ill)
    ):
        await world.until(well.exists)
        first = well.stat().st_mtime_ns
        await world.until(lambda: well.stat().st_mtime_ns > first)
        await world.until(lambda: "error" in there.health.get("relay", {}))
        assert not ill.exists()
    await nowhere.close()
