"""The circuit breaker of each service: a service that dies, hangs and comes back, on real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker, State
from gateway.refusals import UpstreamDown

CASES = "/api/v1/oversight/cases"
UNITS = "/api/v1/registry/units"


@asynccontextmanager
async def service(port: int, manner: dict[str, Any]) -> AsyncIterator[None]:
    """A service that answers, hangs or breaks off as `manner["does"]` says; `manner["asked"]` counts."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                manner["asked"] += 1
                if manner["does"] == "hang":
                    await reader.read()
                    break
                if manner["does"] == "break":
                    break
                writer.write(manner["does"])
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield


def plain(status: str = "200 OK", *fields: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "content-length: 2", "", "{}"]).encode()


async def breaker_of(client: httpx.AsyncClient, name: str) -> str:
    await asyncio.sleep(1.05)  # /healthz keeps its answer for a second
    said: str = (await client.get("/healthz")).json()["services"][name]["breaker"]
    return said


@pytest.mark.parametrize("trouble", ["hang", "break", plain("504 Gateway Timeout"), plain("503 Service Unavailable")])
async def test_a_service_in_trouble_is_left_alone_and_found_again(
    start_door: Any, backend: Any, tmp_path: Any, bearer: Any, unused_tcp_port_factory: Any, trouble: Any
) -> None:
    port = unused_tcp_port_factory()
    manner: dict[str, Any] = {"does": plain(), "asked": 0}
    settings = {"SERVICES": "{}", "OVERSIGHT_URL": f"http://127.0.0.1:{port}", "ANSWER_SECONDS": "0.3"}
    async with start_door(backend, tmp_path, **settings) as door, service(port, manner):
        async with httpx.AsyncClient(base_url=door.url, headers=bearer) as client:
            assert (await client.get(CASES)).status_code == 200
            manner["does"], manner["asked"] = trouble, 0
            statuses = [(await client.post(CASES)).status_code for _ in range(FAILURES)]
            assert set(statuses) <= {502, 503, 504}
            assert manner["asked"] == FAILURES
            # Open: answered at once, and the service is not asked at all.
            started = time.monotonic()
            refused = await asyncio.gather(*(client.get(CASES) for _ in range(20)))
            assert time.monotonic() - started < FIRST_PAUSE
            assert {response.json()["code"] for response in refused} == {"upstream_down"}
            assert all(1 <= int(response.headers["retry-after"]) <= 2 for response in refused)
            assert manner["asked"] == FAILURES
            # Another service is not touched by it.
            assert (await client.get(UNITS)).status_code == 200
            assert 'gateway_breaker_state{service="oversight"} 2.0' in (await client.get("/metrics")).text
            # Half open: of twenty one goes to find out, and it is as bad as before.
            await asyncio.sleep(FIRST_PAUSE + 0.1)
            manner["asked"] = 0
            await asyncio.gather(*(client.post(CASES) for _ in range(20)))
            assert manner["asked"] == 1
            # It comes back: one finds out, then everybody passes.
            manner["does"] = plain()
            await asyncio.sleep(2 * FIRST_PAUSE + 0.1)
            assert (await client.get(CASES)).status_code == 200
            assert {
                response.status_code for response in await asyncio.gather(*(client.get(CASES) for _ in range(5)))
            } == {200}
            assert await breaker_of(client, "oversight") == "closed"


async def test_a_service_that_says_it_cannot_now_is_alive(
    start_door: Any, backend: Any, tmp_path: Any, bearer: Any, unused_tcp_port_factory: Any
) -> None:
    port = unused_tcp_port_factory()
    manner: dict[str, Any] = {"does": plain("503 Service Unavailable", "Retry-After: 7"), "asked": 0}
    settings = {"SERVICES": "{}", "OVERSIGHT_URL": f"http://127.0.0.1:{port}"}
    async with start_door(backend, tmp_path, **settings) as door, service(port, manner):
        async with httpx.AsyncClient(base_url=door.url, headers=bearer) as client:
            for _ in range(FAILURES * 3):
                response = await client.get(CASES)
                assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert manner["asked"] == FAILURES * 3


async def test_a_service_that_is_gone_is_open_in_healthz(
    start_door: Any, backend: Any, tmp_path: Any, bearer: Any, unused_tcp_port_factory: Any
) -> None:
    settings = {"SERVICES": "{}", "OVERSIGHT_URL": f"http://127.0.0.1:{unused_tcp_port_factory()}"}
    async with start_door(backend, tmp_path, **settings) as door:
        async with httpx.AsyncClient(base_url=door.url, headers=bearer) as client:
            for _ in range(FAILURES):
                await client.get(CASES)
            services = (await client.get("/healthz")).json()["services"]
            assert services["oversight"]["breaker"] == "open"
            assert services["registry"]["breaker"] == "closed"


def failing(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed(breaker.enter())


def test_pauses_grow_and_end() -> None:
    moment = 0.0
    breaker = Breaker("pauses", lambda: moment)
    failing(breaker, FAILURES)
    pause = FIRST_PAUSE
    for _ in range(8):
        moment += pause - 0.01
        with pytest.raises(UpstreamDown):
            breaker.enter()
        moment += 0.02
        failing(breaker, 1)
        pause = min(pause * 2, LONGEST_PAUSE)
    moment += pause
    breaker.answered(breaker.enter())
    assert breaker.state is State.CLOSED
    failing(breaker, FAILURES)
    moment += FIRST_PAUSE
    assert breaker.state is State.HALF_OPEN  # the first pause is short again


def test_a_probe_that_left_lets_another_find_out() -> None:
    moment = 0.0
    breaker = Breaker("left", lambda: moment)
    failing(breaker, FAILURES)
    moment += FIRST_PAUSE
    probe = breaker.enter()
    with pytest.raises(UpstreamDown):
        breaker.enter()
    breaker.left(probe)
    moment += 0.1
    breaker.answered(breaker.enter())
    assert breaker.state is State.CLOSED


def test_slow_requests_older_than_the_last_answer_open_nothing() -> None:
    moment = 0.0
    breaker = Breaker("older", lambda: moment)
    slow = [breaker.enter() for _ in range(FAILURES * 2)]
    moment += 30.0
    breaker.answered(breaker.enter())
    for began in slow:
        breaker.failed(began)
    assert breaker.state is State.CLOSED
