"""Group E of the bad inputs at the door: half-open connections by the thousand, and who goes first when it is full."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

MANY = 2000
UNITS = "/api/v1/registry/units"
SUBMISSIONS = "/api/v1/feedback/submissions"
LOOKUP = "/api/v1/feedback/tracking/lookup"
EXPORTS = "/api/v1/targets/exports"
HALF_HEAD = b"GET /api/v1/registry/units HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "
SLOW_BODY = b"POST /api/v1/feedback/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n"
READ = b"GET /api/v1/registry/units HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SENT = b'POST /api/v1/feedback/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 7\r\n\r\n{"a":1}'
MEMORY = 200 * 1024 * 1024


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Each connection costs this process a file too; the gateway raises its own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY + 500:
        pytest.skip(f"the system allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY * 2, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory_of(pid: int) -> int:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


@asynccontextmanager
async def held(port: int, start: bytes, *, count: int = MANY, source: str = "127.0.0.1") -> AsyncIterator[Any]:
    """Open many connections that begin and do not end."""
    connections = []
    for _ in range(count // 50):
        connections += await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)) for _ in range(50))
        )
    for _, writer in connections:
        writer.write(start)
    yield connections
    for _, writer in connections:
        writer.transport.abort()


async def served(port: int, source: str, request: bytes) -> None:
    """A new client, on a new connection, is answered within a normal time."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    writer.write(request)
    async with asyncio.timeout(10):
        assert b" 200 " in await reader.readline()
    writer.close()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("kind", ["heads", "bodies"])
async def test_83_84_two_thousand_half_open_connections_keep_nobody_out(
    start_door: Any, backend: Any, tmp_path: Any, kind: str
) -> None:
    start, limit = (HALF_HEAD, 10.0) if kind == "heads" else (SLOW_BODY, 30.0)
    async with start_door(backend, tmp_path) as door:
        before = memory_of(door.pid)
        opened = time.monotonic()
        async with held(door.port, start) as connections:
            sent = time.monotonic()
            ends = asyncio.gather(*(reader.read() for reader, _ in connections), return_exceptions=True)
            most = 0
            while not ends.done() and time.monotonic() - sent < limit:
                for _, writer in connections:
                    writer.write(b"a")
                # From the same address and from another one.
                await served(door.port, "127.0.0.1", READ)
                await served(door.port, "127.9.9.9", SENT)
                most = max(most, memory_of(door.pid))
                await asyncio.sleep(1)
            took = time.monotonic() - sent
            assert ends.done(), f"some are open after {took:.1f} s"
            assert time.monotonic() - opened < limit + 10
        assert most - before < MEMORY, f"{(most - before) / 1e6:.0f} MB"
        await served(door.port, "127.0.0.1", SENT)
    assert not [each for each in backend.requests if each.line.startswith(b"POST") and each.body != b'{"a":1}']


def of(number: int) -> dict[str, str]:
    """Callers from as many networks as there are numbers."""
    return {"X-Forwarded-For": f"10.1.{number}.1"}


@asynccontextmanager
async def filled(start_door: Any, backend: Any, reply: Any, folder: Any, count: int) -> AsyncIterator[Any]:
    """A gateway with ten places, `count` of them taken by requests that a service is slow to answer."""
    release, arrived = asyncio.Event(), asyncio.Semaphore(0)

    @backend.on(f"{UNITS}/slow")
    async def _(request: Any) -> bytes:
        arrived.release()
        await release.wait()
        return reply()  # type: ignore[no-any-return]

    settings = {"MAX_REQUESTS": "10", "TRUSTED_EDGES": "127.0.0.1/32"}
    async with start_door(backend, folder, **settings) as door:
        async with httpx.AsyncClient(base_url=door.url, timeout=20) as client:
            slow = [asyncio.create_task(client.get(f"{UNITS}/slow", headers=of(n))) for n in range(count)]
            try:
                for _ in range(count):
                    await asyncio.wait_for(arrived.acquire(), 10)
                yield client, release
            finally:
                release.set()
                answers = await asyncio.gather(*slow)
            assert {response.status_code for response in answers} == {200}


@pytest.mark.parametrize(
    "taken,passes",
    [
        (5, {"export": True, "dashboard": True, "ordinary": True, "intake": True, "look-up": True}),
        (6, {"export": False, "dashboard": False, "ordinary": True, "intake": True, "look-up": True}),
        (8, {"export": False, "dashboard": False, "ordinary": False, "intake": True, "look-up": True}),
    ],
)
async def test_exports_go_first_intake_and_look_up_last(
    start_door: Any, backend: Any, reply: Any, tmp_path: Any, bearer: Any, taken: int, passes: dict[str, bool]
) -> None:
    asked = {
        "export": ("GET", EXPORTS),
        "dashboard": ("GET", "/api/v1/targets/dashboards/all"),
        "ordinary": ("GET", UNITS),
        "intake": ("POST", SUBMISSIONS),
        "look-up": ("POST", LOOKUP),
    }
    async with filled(start_door, backend, reply, tmp_path, taken) as (client, _):
        for name, (method, path) in asked.items():
            response = await client.request(method, path, headers=bearer | of(99))
            assert (response.status_code == 200) is passes[name], name
            if not passes[name]:
                assert (response.status_code, response.json()["code"]) == (503, "overloaded")
                assert int(response.headers["retry-after"]) > 0


async def test_one_network_never_holds_more_than_half_of_the_places(
    start_door: Any, backend: Any, reply: Any, tmp_path: Any
) -> None:
    async with filled(start_door, backend, reply, tmp_path, 1) as (client, release):
        mates = [{"X-Forwarded-For": f"10.9.9.{number}"} for number in range(7)]
        tasks = [asyncio.create_task(client.get(f"{UNITS}/slow", headers=mate)) for mate in mates]
        done, waiting = await asyncio.wait(tasks, timeout=1.5)
        assert sorted(task.result().status_code for task in done) == [429, 429]
        assert all("retry-after" in task.result().headers for task in done)
        assert len(waiting) == 5
        assert (await client.post(SUBMISSIONS, headers=of(50))).status_code == 200
        release.set()
        assert {response.status_code for response in await asyncio.gather(*waiting)} == {200}


async def test_87_of_twenty_exports_two_run_and_the_rest_is_told_to_wait(
    start_door: Any, backend: Any, reply: Any, tmp_path: Any, bearer: Any
) -> None:
    release = asyncio.Event()

    @backend.on(EXPORTS)
    async def _(request: Any) -> bytes:
        await release.wait()
        return reply()  # type: ignore[no-any-return]

    async with start_door(backend, tmp_path, RATE_LIMITS='{"exports": "1000/60"}') as door:
        async with httpx.AsyncClient(base_url=door.url, headers=bearer, timeout=20) as client:
            tasks = [asyncio.create_task(client.get(EXPORTS)) for _ in range(20)]
            done, running = await asyncio.wait(tasks, timeout=2)
            assert [task.result().status_code for task in done] == [429] * 18
            assert all(int(task.result().headers["retry-after"]) > 0 for task in done)
            assert (await client.get(UNITS)).status_code == 200
            release.set()
            assert {response.status_code for response in await asyncio.gather(*running)} == {200}
            assert (await client.get(EXPORTS)).status_code == 200
