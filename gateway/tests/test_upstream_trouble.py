"""What the client is told when a service is down, slow, broken or talks nonsense; and what never happens then."""

import asyncio
import time
from typing import Any

import httpx
import pytest

UNITS = "/api/v1/registry/units"
SUBMISSIONS = "/api/v1/feedback/submissions"


async def test_a_service_that_is_down_is_503(start_door: Any, backend: Any, tmp_path: Any, bearer: Any) -> None:
    async with start_door(backend, tmp_path, SERVICES="{}", OVERSIGHT_URL="http://127.0.0.1:9") as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            for language, words in (("vi", "tạm gián đoạn"), ("en", "briefly unavailable")):
                for _ in range(8):  # more than it takes to open the breaker
                    response = await client.get(
                        "/api/v1/oversight/cases", headers=bearer | {"Accept-Language": language}
                    )
                    assert response.status_code == 503
                    assert 1 <= int(response.headers["retry-after"]) <= 16
                    assert response.headers["content-language"] == language
                    assert response.json()["code"] == "upstream_down"
                    assert words in response.json()["detail"]


async def test_a_service_that_is_slow_is_504(start_door: Any, backend: Any, tmp_path: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> None:
        await asyncio.sleep(4)

    async with start_door(backend, tmp_path, ANSWER_SECONDS="0.5") as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            started = time.monotonic()
            response = await client.get(UNITS)
    assert (response.status_code, response.json()["code"]) == (504, "upstream_slow")
    assert time.monotonic() - started < 3
    assert "retry-after" in response.headers


async def test_work_of_more_than_ten_seconds_is_waited_for(
    client: httpx.AsyncClient, backend: Any, bearer: Any, reply: Any
) -> None:
    """A client owes a head within ten seconds; once its request is complete it owes nothing until the next one."""

    @backend.on("/api/v1/targets/imports")
    async def _(request: Any) -> bytes:
        await asyncio.sleep(10.5)
        return bytes(reply(b"{}"))

    answer = await client.post("/api/v1/targets/imports", content=b"a" * 200_000, headers=bearer, timeout=30)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
    ids=["closed", "no HTTP", "cut head", "endless head", "two lengths", "switched"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_answers_nonsense_is_502(
    client: httpx.AsyncClient, backend: Any, method: str, broken: bytes
) -> None:
    path = UNITS if method == "GET" else SUBMISSIONS

    @backend.on(path)
    async def _(request: Any) -> None:
        request.writer.write(broken)

    response = await client.request(method, path, json={} if method == "POST" else None)
    assert (response.status_code, response.json()["code"]) == (502, "upstream_broken")
    sent = sum(path.encode() in request.line for request in backend.requests)
    assert sent == 1 if method == "POST" else sent <= 2  # a write is never sent twice
    # An answer keeps the breaker closed.
    assert (await client.get(f"{UNITS}/well")).status_code == 200
    assert (await client.post("/api/v1/feedback/uploads")).status_code == 200


async def test_an_answer_cut_off_is_cut_off_for_the_client_too(client: httpx.AsyncClient, backend: Any) -> None:
    for framing in (b"content-length: 10\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"):

        @backend.on(UNITS)
        async def _(request: Any, framing: bytes = framing) -> None:
            request.writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"abc")
            await request.writer.drain()
            await asyncio.sleep(0.1)

        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(UNITS)
    backend.handlers.clear()
    assert (await client.get(UNITS)).status_code == 200


async def test_a_kept_connection_that_the_service_closed_is_replaced(client: httpx.AsyncClient, backend: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")  # and closes, without saying so

    for _ in range(20):
        assert (await client.get(UNITS)).text == "ok"


async def test_an_answer_nobody_asked_for_reaches_nobody(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        return reply(b"one") + reply(b"stolen")  # type: ignore[no-any-return]

    assert (await client.get(UNITS)).text == "one"
    backend.handlers.clear()
    for _ in range(5):
        assert "stolen" not in (await client.get(UNITS)).text


async def test_only_a_reading_is_repeated_when_a_kept_connection_breaks(
    start_door: Any, backend: Any, reply: Any, tmp_path: Any
) -> None:
    breaks = False

    async def once(request: Any) -> bytes | None:
        nonlocal breaks
        breaks, now = False, breaks
        return None if now else reply(b"done")

    backend.handlers[UNITS.encode()] = backend.handlers[SUBMISSIONS.encode()] = once
    async with start_door(backend, tmp_path) as door, httpx.AsyncClient(base_url=door.url) as client:
        for method, path, status, sent in (("GET", UNITS, 200, 2), ("POST", SUBMISSIONS, 502, 1)):
            assert (await client.request(method, path)).text == "done"
            backend.requests.clear()
            breaks = True
            assert (await client.request(method, path)).status_code == status
            assert len(backend.requests) == sent
