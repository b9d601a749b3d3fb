"""What goes through the door goes through unchanged, and nothing goes to the wrong person."""

import asyncio
import gzip
import re
from typing import Any

import httpx
import pytest

ME = "/api/v1/registry/me"
UNITS = "/api/v1/registry/units"
SUBMISSIONS = "/api/v1/feedback/submissions"
UPLOADS = "/api/v1/feedback/uploads"


def request(target: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: 127.0.0.1", *fields, b"", b""])


@pytest.mark.parametrize(
    "target",
    [
        b"/api/v1/registry/units?x=%2F&y=a%2fb&z=%E1%BB%9D&p=+&e=&q=%25",
        b"/api/v1/registry/units?a=1&&b;c=[]|^`{}'\"",
        b"/api/v1/registry/units?next=http://127.0.0.1/a/../b//c",
        b"/api/v1/registry/units/C%E1%BA%A7n%20Th%C6%A1;v=1,2",
        b"/api/v1/registry/units/a%3Ab%40c%7E~",
        b"/api/v1/registry/units/",
    ],
)
async def test_paths_and_queries_pass_byte_for_byte(door: Any, backend: Any, target: bytes) -> None:
    assert (await door.raw(request(target))).status == 200
    assert backend.last.line == b"GET " + target + b" HTTP/1.1"


async def test_fields_of_the_request_are_neither_added_nor_changed(door: Any, backend: Any) -> None:
    await door.raw(request(UNITS.encode(), b'If-None-Match: W/"1"', b"X-Thing:  a \xe1\xbb\x9d b", b"Cookie: a=1; b=2"))
    names = [name.lower() for name, _ in backend.last.headers]
    assert sorted(names) == [b"cookie", b"host", b"if-none-match", b"traceparent", b"x-request-id", b"x-thing"]
    assert backend.last.values(b"x-thing") == [b"a \xe1\xbb\x9d b"]
    assert backend.last.values(b"host") == [b"127.0.0.1:%d" % backend.port]


FORGED = [
    b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Host: evil", b"X-Forwarded-Proto: https", b"Forwarded: for=10.0.0.1",
    b"X-Real-IP: 10.0.0.1", b"X-User: admin", b"X-User-Id: 1", b"X-Org: 1", b"X-Org-Unit: 1", b"X-Organisation: 1",
    b"X-Remote-User: admin", b"X-Original-URL: /admin", b"X-Rewrite-URL: /admin", b"X-HTTP-Method-Override: DELETE",
    b"X-Request-Id: forged", b"Traceparent: 00-forged", b"Tracestate: a=b", b"Baggage: user=1", b"Via: 1.1 evil",
    b"True-Client-IP: 10.0.0.1", b"Proxy-Authorization: Basic eA==", b"TE: trailers", b"Keep-Alive: timeout=9",
    b"X-Actor: 1", b"X-Auth-Request-User: 1", b"X-Client-Cert: 1", b"custom_field: dropped",
]  # fmt: skip


async def test_103_what_claims_an_identity_or_an_origin_is_dropped(door: Any, backend: Any) -> None:
    await door.raw(request(UNITS.encode(), *FORGED))
    (sent,) = backend.requests
    assert sorted(name.lower() for name, _ in sent.headers) == [b"host", b"traceparent", b"x-request-id"]
    assert b"forged" not in b"".join(value for _, value in sent.headers)


async def test_103_fields_named_by_connection_are_dropped(door: Any, backend: Any, bearer: Any) -> None:
    token = f"Authorization: {bearer['Authorization']}".encode()
    await door.raw(request(UNITS.encode(), b"Connection: X-Thing, close", b"X-Thing: 1", b"X-Kept: 1"))
    assert backend.last.values(b"x-thing") == []
    assert backend.last.values(b"x-kept") == [b"1"]
    # A token that Connection declares hop-by-hop is none: the protected path is refused, the public one anonymous.
    fields = (b"Connection: X-User, Authorization", b"X-User: admin", token)
    assert (await door.raw(request(ME.encode(), *fields))).status == 401
    assert (await door.raw(request(UNITS.encode(), *fields))).status == 200
    assert backend.last.values(b"authorization") == []


async def test_the_gateway_names_the_request_itself(client: httpx.AsyncClient, backend: Any) -> None:
    response = await client.get(UNITS, headers={"X-Request-Id": "mine", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    (request_id,) = backend.last.values(b"x-request-id")
    assert re.fullmatch(rb"[0-9a-f]{32}", request_id)
    assert response.headers.get_list("x-request-id") == [request_id.decode()]
    assert re.fullmatch(rb"00-%b-[0-9a-f]{16}-01" % request_id, backend.last.values(b"traceparent")[0])


async def test_cookies_never_pass_from_one_person_to_another(
    client: httpx.AsyncClient, backend: Any, reply: Any, signer: Any
) -> None:
    @backend.on(ME)
    async def _(request: Any) -> bytes:
        return reply(headers=(b"Set-Cookie: sid=userA; Path=/", b"Set-Cookie: b=2"))

    first = await client.get(ME, headers={"Authorization": f"Bearer {signer.token()}"})
    assert first.headers.get_list("set-cookie") == ["sid=userA; Path=/", "b=2"]
    for path in (ME, UNITS):
        client.cookies.clear()  # those of the test's own client
        await client.get(path, headers={"Authorization": f"Bearer {signer.token()}"})
        assert backend.last.values(b"cookie") == []


async def test_answers_never_cross_between_people(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        number = request.line.split(b"n=")[1].split(b" ")[0]
        await asyncio.sleep(int(number) % 7 / 200)
        return reply(number)

    async def one(number: int) -> str:
        return (await client.get(f"{UNITS}?n={number}")).text

    assert await asyncio.gather(*(one(number) for number in range(300))) == [str(number) for number in range(300)]


async def test_compressed_answers_stay_compressed(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    packed = gzip.compress(b"[]" * 500)

    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        return reply(packed, headers=(b"Content-Encoding: gzip", b'ETag: "v1"', b"Cache-Control: max-age=60"))

    async with client.stream("GET", UNITS) as response:
        assert b"".join([part async for part in response.aiter_raw()]) == packed
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"] == '"v1"'
    assert response.headers["cache-control"] == "max-age=60"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_an_answer_without_cache_control_is_not_stored(client: httpx.AsyncClient) -> None:
    assert (await client.get(UNITS)).headers["cache-control"] == "no-store"


async def test_answers_stream(client: httpx.AsyncClient, backend: Any) -> None:
    seen = asyncio.Event()

    @backend.on(UNITS)
    async def _(request: Any) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await request.writer.drain()
        await asyncio.wait_for(seen.wait(), 5)
        request.writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
        await request.writer.drain()

    async with client.stream("GET", UNITS) as response:
        parts = response.aiter_raw()
        assert await anext(parts) == b"first"
        seen.set()
        assert [part async for part in parts] == [b"second"]


async def test_requests_stream(client: httpx.AsyncClient, backend: Any, reply: Any, bearer: Any) -> None:
    """Beyond the first 64 KiB, which come together: a service is not kept waiting for a small body."""
    start, first_came = b"a" * 65_536, asyncio.Event()

    @backend.on("/api/v1/targets/imports/stream-in")
    async def _(request: Any) -> bytes:
        assert request.values(b"transfer-encoding") == [b"chunked"]
        came = b""
        while came.count(b"a") < len(start):
            came += await request.reader.read(65_536)
        first_came.set()
        assert await request.reader.readexactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"
        return reply(b"taken")  # type: ignore[no-any-return]

    async def pieces() -> Any:
        yield start
        await asyncio.wait_for(first_came.wait(), 5)
        yield b"second"

    response = await client.post("/api/v1/targets/imports/stream-in", content=pieces(), headers=bearer)
    assert response.text == "taken"


async def test_large_bodies_pass_both_ways(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    sent = bytes(range(256)) * (9 * 4096)

    @backend.on(UPLOADS)
    async def _(request: Any) -> bytes:
        return reply(request.body)  # type: ignore[no-any-return]

    response = await client.post(UPLOADS, content=sent, headers={"content-type": "application/octet-stream"})
    assert response.content == sent


async def test_a_slow_reader_does_not_fill_the_gateways_memory(door: Any, backend: Any) -> None:
    written = 0

    @backend.on(UNITS)
    async def _(request: Any) -> None:
        nonlocal written
        request.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 400000000\r\n\r\n")
        for _ in range(400):
            request.writer.write(b"a" * 1_000_000)
            await request.writer.drain()
            written += 1

    _, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
    writer.write(request(UNITS.encode()))
    await asyncio.sleep(1.0)
    assert written < 30  # megabytes on the way, most of them in the kernel's buffers
    writer.transport.abort()


@pytest.mark.parametrize("moment", ["before the answer", "within the answer"])
async def test_a_client_that_leaves_ends_the_work(door: Any, backend: Any, moment: str) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    @backend.on(UNITS)
    async def _(request: Any) -> None:
        if moment == "within the answer":
            request.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        started.set()
        await request.reader.read()
        ended.set()

    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(request(UNITS.encode()))
    await asyncio.wait_for(started.wait(), 5)
    await asyncio.sleep(0.1)
    writer.transport.abort()
    await asyncio.wait_for(ended.wait(), 1)


async def test_head_not_modified_and_no_content(door: Any, client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        if b"?" not in request.line:
            return reply(b"a" * 1234, headers=(b'ETag: "x"',))  # type: ignore[no-any-return]
        status = request.line.split(b"s=")[1][:3].decode()
        return f'HTTP/1.1 {status} X\r\netag: "x"\r\n\r\n'.encode()

    for _ in range(3):
        head = await client.head(UNITS)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "1234", b"")
        assert backend.last.line.startswith(b"GET ")  # what the services answer
        for status in (304, 204):
            response = await client.get(f"{UNITS}?s={status}")
            assert (response.status_code, response.content, response.headers["etag"]) == (status, b"", '"x"')


async def test_redirects_do_not_show_inside_addresses(client: httpx.AsyncClient, backend: Any, reply: Any) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        inside = b"Location: http://127.0.0.1:%d/api/v1/registry/units/" % backend.port
        return reply(status="307 Temporary Redirect", headers=(inside,))  # type: ignore[no-any-return]

    response = await client.get(UNITS, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, "/api/v1/registry/units/")


async def test_interim_answers_are_not_taken_for_the_answer(
    client: httpx.AsyncClient, backend: Any, reply: Any
) -> None:
    @backend.on(UNITS)
    async def _(request: Any) -> bytes:
        return b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + reply(b"real")  # type: ignore[no-any-return]

    assert (await client.get(UNITS)).text == "real"
