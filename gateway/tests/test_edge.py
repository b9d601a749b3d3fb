"""Group H of the bad inputs, sent as raw bytes, and heads that drip (group E: test_overload.py)."""

import asyncio
import time
from typing import Any

import pytest

from gateway.edge import carries_token, check_path
from gateway.refusals import Refusal

HOST = b"Host: 127.0.0.1\r\n"
PUBLIC = b"/api/v1/registry/units"
HEALTH = b"/livez"


def get(target: bytes, *fields: bytes, method: bytes = b"GET", host: bytes = HOST) -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\n" + host + b"".join(line + b"\r\n" for line in fields) + b"\r\n"


def post(*fields: bytes, body: bytes = b"") -> bytes:
    head = b"POST /api/v1/feedback/submissions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
    return head + b"".join(line + b"\r\n" for line in fields) + b"\r\n" + body


# Row 101: two readers could see two different requests. Refused, and the connection is closed.
FRAMING = {
    "CL and TE": post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "TE and CL": post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n"),
    "two CL": post(b"Content-Length: 4", b"Content-Length: 5", body=b"abcde"),
    "two equal CL": post(b"Content-Length: 4", b"Content-Length: 4", body=b"abcd"),
    "CL a list": post(b"Content-Length: 4, 4", body=b"abcd"),
    "CL +5": post(b"Content-Length: +5", body=b"abcde"),
    "CL -1": post(b"Content-Length: -1", body=b"abcde"),
    "CL 0x5": post(b"Content-Length: 0x5", body=b"abcde"),
    "CL 5 bytes of digits": post(b"Content-Length: 99999999999999999999999", body=b"abcde"),
    "TE xchunked": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "TE chunked, identity": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "TE twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    "space before colon": get(PUBLIC, b"X-Thing : 1"),
    "TE with a space before colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "bare LF": b"GET " + PUBLIC + b" HTTP/1.1\nHost: 127.0.0.1\n\n",
    "bare LF in a field": get(PUBLIC, b"X-A: 1\nX-B: 2"),
    "bare CR in a field": get(PUBLIC, b"X-A: 1\rX-B: 2"),
    "NUL in a field": get(PUBLIC, b"X-A: 1\x002"),
    "folded field": get(PUBLIC, b"X-A: 1\r\n folded"),
    "empty field name": get(PUBLIC, b": 1"),
    "bad chunk size": post(b"Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n"),
    "chunk size with a sign": post(b"Transfer-Encoding: chunked", body=b"+3\r\nabc\r\n0\r\n\r\n"),
    "bad chunk end": post(b"Transfer-Encoding: chunked", body=b"3\r\nabcXX0\r\n\r\n"),
    "no version": b"GET " + PUBLIC + b"\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET " + PUBLIC + b" HTTP/0.9\r\n" + HOST + b"\r\n",
    "HTTP/2.0 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "no method": b" " + PUBLIC + b" HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("name", FRAMING)
async def test_101_ambiguous_framing_is_400_and_closed(door: Any, backend: Any, name: str) -> None:
    answer = await door.raw(FRAMING[name])
    assert answer.status == 400
    assert answer.problem()["code"] == "bad_request_target"
    assert answer.closed
    assert not any(b"submissions" in request.line for request in backend.requests if request.body)


# Row 102: hosts, targets and methods.
ODD: dict[str, tuple[bytes, set[int]]] = {
    "no Host": (get(PUBLIC, host=b""), {400}),
    "empty Host": (get(PUBLIC, host=b"Host:\r\n"), {400}),
    "two Hosts": (get(PUBLIC, host=HOST + HOST), {400}),
    "two different Hosts": (get(PUBLIC, host=HOST + b"Host: evil.example\r\n"), {400}),
    "Host with a path": (get(PUBLIC, host=b"Host: x/admin?\r\n"), {400}),
    "Host with a space": (get(PUBLIC, host=b"Host: a b\r\n"), {400}),
    "Host with a user": (get(PUBLIC, host=b"Host: 127.0.0.1@evil\r\n"), {400}),
    "Host with a comma": (get(PUBLIC, host=b"Host: 127.0.0.1, evil\r\n"), {400}),
    "Host with a bad port": (get(PUBLIC, host=b"Host: 127.0.0.1:x\r\n"), {400}),
    "unknown Host": (get(PUBLIC, host=b"Host: evil.example\r\n"), {421}),
    "Host like a known one": (get(PUBLIC, host=b"Host: 127.0.0.1.evil.example\r\n"), {421}),
    "Host with another port than listed": (get(PUBLIC, host=b"Host: rieng.example:1\r\n"), {421}),
    "target without a slash": (get(b"@google.com/who"), {400}),
    "absolute target": (get(b"http://evil/who"), {400}),
    "absolute target, our name": (get(b"http://127.0.0.1" + PUBLIC), {400}),
    "target //": (get(b"//evil" + PUBLIC), {400}),
    "target *": (get(b"*", method=b"OPTIONS"), {400}),
    "encoded slash": (get(b"/api/v1/registry/units%2f1"), {400}),
    "encoded slash, upper case": (get(b"/api/v1/registry/units%2F1"), {400}),
    "encoded backslash": (get(b"/api/v1/registry/units%5c1"), {400}),
    "backslash": (get(b"/api/v1/registry/units\\1"), {400}),
    "dots": (get(b"/api/v1/registry/units/../me"), {400}),
    "dots at the end": (get(b"/api/v1/registry/units/.."), {400}),
    "dot": (get(b"/api/v1/registry/./me"), {400}),
    "encoded dots": (get(b"/api/v1/registry/units/%2e%2E/me"), {400}),
    "half encoded dots": (get(b"/api/v1/registry/units/.%2e/me"), {400}),
    "double slash": (get(b"/api/v1/registry//units"), {400}),
    "encoded NUL": (get(b"/api/v1/registry/units/%00"), {400}),
    "encoded CRLF": (get(b"/api/v1/registry/units/%0d%0aX:1"), {400}),
    "broken escape": (get(b"/api/v1/registry/units/%zz"), {400}),
    "cut escape": (get(b"/api/v1/registry/units/%2"), {400}),
    "fragment": (get(PUBLIC + b"#x"), {400}),
    "raw byte": (get(PUBLIC + b"/\xff"), {400}),
    "dots on a page": (get(b"/docs/assets/../../x"), {400}),
    "encoded slash on a page": (get(b"/docs/assets%2fdocs.js"), {400}),
    "unknown Host on a page": (get(HEALTH, host=b"Host: evil.example\r\n"), {421}),
    "X_Forwarded_For": (get(PUBLIC, b"X_Forwarded_For: 10.0.0.1"), {400}),
    "X_User": (get(PUBLIC, b"X_User: admin"), {400}),
    "TRACE": (get(PUBLIC, method=b"TRACE"), {405}),
    "CONNECT": (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n", {405}),
    "CONNECT to a path": (get(PUBLIC, method=b"CONNECT"), {400, 405}),
    "PROPFIND": (get(PUBLIC, method=b"PROPFIND"), {405}),
    "unknown method": (get(PUBLIC, method=b"STEAL"), {400}),
    "33 KB of fields": (get(PUBLIC, *[b"X-%d: " % n + b"a" * 1000 for n in range(33)]), {431}),
    "200 KB in one field": (get(PUBLIC, b"X-A: " + b"a" * 200_000), {431}),
    "40 KB target": (get(PUBLIC + b"?" + b"a" * 40_000), {431}),
    "compressed body": (post(b"Content-Encoding: gzip", b"Content-Length: 3", body=b"abc"), {415}),
    "unknown service": (get(b"/api/v1/nothing/here"), {404}),
    "no service": (get(b"/api/v1/"), {404}),
    "other version": (get(b"/api/v2/registry/units"), {404}),
    "no such page": (get(b"/admin"), {404}),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
async def test_102_doubtful_requests_are_refused(door: Any, backend: Any, name: str) -> None:
    data, expected = ODD[name]
    answer = await door.raw(data)
    assert answer.status in expected
    answer.problem()
    assert backend.requests == []


@pytest.mark.parametrize(
    "host", [b"127.0.0.1", b"127.0.0.1:8000", b"LOCALHOST", b"[::1]:8000", b"cong.example.", b"rieng.example:8443"]
)
async def test_listed_hosts_are_served(door: Any, host: bytes) -> None:
    assert (await door.raw(get(PUBLIC, host=b"Host: " + host + b"\r\n"))).status == 200


async def test_a_head_is_refused_when_it_is_too_large_not_when_it_ends(door: Any) -> None:
    for start in (b"GET /api/v1/registry/units HTTP/1.1\r\nX-A: ", b"GET /" + b"a" * 10):
        assert (await door.raw(start + b"a" * 200_000, seconds=3)).status == 431


async def test_fields_up_to_the_limit_pass(door: Any) -> None:
    assert (await door.raw(get(PUBLIC, *[b"X-%d: " % n + b"a" * 1000 for n in range(31)]))).status == 200


async def test_problems_are_english_when_asked(door: Any) -> None:
    vietnamese = (await door.raw(get(b"/api/v1/nothing/x"))).problem()["detail"]
    english = (await door.raw(get(b"/api/v1/nothing/x", b"Accept-Language: en-GB, vi;q=0.5"))).problem()["detail"]
    assert vietnamese.startswith("Không tìm thấy")
    assert english.startswith("Nothing was found")


async def test_a_refusal_echoes_nothing(door: Any) -> None:
    for data in (get(b"/api/v1/canary-31147/x"), get(b"/api/v1/registry/me?canary-31147"), get(b"/canary-31147%zz")):
        answer = await door.raw(data)
        assert answer.status >= 400
        assert b"canary" not in answer.body


async def test_an_upgrade_is_answered_as_plain_http_and_closed(door: Any) -> None:
    answer = await door.raw(get(PUBLIC, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA"))
    assert answer.status == 200
    assert answer.closed
    answer = await door.raw(get(PUBLIC, b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"))
    assert answer.status == 200


async def test_pipelined_requests_are_answered_in_order(door: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(get(PUBLIC + b"/1") + get(PUBLIC + b"/2") + get(PUBLIC + b"/3", b"Connection: close"))
    data = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert [data.find(b"/units/%d" % n) > 0 for n in (1, 2, 3)] == [True] * 3
    assert data.find(b"/units/1") < data.find(b"/units/2") < data.find(b"/units/3")


async def test_idle_connections_are_closed_after_five_seconds(door: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(get(PUBLIC))
    started = time.monotonic()
    await asyncio.wait_for(reader.read(), 7)
    assert 4 <= time.monotonic() - started <= 6.5
    writer.close()


async def drip(port: int, start: bytes, piece: bytes) -> float:
    """Send a piece every half second until the server closes; return how long it took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()
    writer.write(start)
    end = asyncio.create_task(reader.read())
    while not end.done() and time.monotonic() - started < 12:
        writer.write(piece)
        await asyncio.wait([end], timeout=0.5)
    writer.close()
    await asyncio.gather(end, return_exceptions=True)
    return time.monotonic() - started


async def test_a_head_that_drips_is_closed_within_ten_seconds(door: Any) -> None:
    field = b"GET /a HTTP/1.1\r\n"
    cases = [(b"GET /a", b"a"), (b"", b"\r\n"), (field, b"X: 1\r\n"), (field + HOST + b"X: ", b"a"), (b"", b"")]
    took = await asyncio.gather(*(drip(door.port, start, piece) for start, piece in cases))
    assert max(took) <= 10.5


@pytest.mark.parametrize("path", [b"/a/b.json", b"/.well-known/x", b"/a/..b", b"/a/b..", b"/%C4%90", b"/a%20b", b"/"])
def test_honest_paths_pass(path: bytes) -> None:
    check_path(path)


@pytest.mark.parametrize("path", [b"/a%2Fb", b"/a/..", b"/..;/a", b"//a", b"/a\\b", b"/%5C", b"/%7f", b"a", b""])
def test_doubtful_paths_do_not(path: bytes) -> None:
    with pytest.raises(Refusal):
        check_path(path)


def test_ordinary_queries_carry_no_token() -> None:
    for query in (b"q=%C4%91%C6%B0%E1%BB%9Dng&limit=20", b"token_kind=x", b"cursor=eyJhZnRlciI6MX0", b"a=b%2Fc"):
        assert not carries_token(query)
