"""How much one caller may send: sizes by real bytes, and allowances that refill."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Allowances, address_key, policies
from gateway.routing import Bucket
from servicekit.errors import TooMany

SUBMISSIONS = "/api/v1/feedback/submissions"
UPLOADS = "/api/v1/feedback/uploads"
MIB = 1024 * 1024


async def chunks(total: int) -> Any:
    for _ in range(total // 65536):
        yield b"a" * 65536
    yield b"a" * (total % 65536)


@pytest.mark.parametrize("path,limit", [(SUBMISSIONS, MIB), (UPLOADS, 10 * MIB + 65536)])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
async def test_bodies_are_limited_by_real_bytes(
    client: httpx.AsyncClient, backend: Any, path: str, limit: int, declared: bool
) -> None:
    for size, expected in ((limit, 200), (limit + 1, 413)):
        backend.requests.clear()
        headers = {"content-length": str(size)} if declared else {}
        response = await client.post(path, content=chunks(size), headers=headers)
        assert response.status_code == expected
        if expected == 413:
            assert response.json()["code"] == "too_large"
            assert all(len(request.body) <= limit for request in backend.requests)
        else:
            assert len(backend.last.body) == size


async def test_a_declared_size_is_refused_before_the_body_is_read(door: Any) -> None:
    started = time.monotonic()
    answer = await door.raw(
        b"POST /api/v1/feedback/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000000\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    assert answer.status == 413
    assert time.monotonic() - started < 2


async def test_100_continue_is_said_when_the_body_is_wanted(door: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"POST /api/v1/feedback/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)).startswith(b"HTTP/1.1 100 ")
    writer.write(b"{}")
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_body_nobody_wants_does_not_hold_the_connection(door: Any) -> None:
    """After an early refusal a client may finish its body for five seconds, no longer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST /api/v1/registry/me HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
    started = time.monotonic()
    end = asyncio.create_task(reader.read())
    while not end.done() and time.monotonic() - started < 9:
        writer.write(b"a")
        await asyncio.wait([end], timeout=0.3)
    assert time.monotonic() - started < 7
    writer.close()
    await asyncio.gather(end, return_exceptions=True)


@pytest.fixture(scope="module")
async def strict(start_door: Any, backend: Any, tmp_path_factory: Any) -> Any:
    amounts = {"signed_in": "5/60", "public": "4/60", "tracking": "3/60", "tokens": "2/60", "intake": "4/60"}
    settings = {"RATE_LIMITS": json.dumps(amounts | {"refused": "6/60"}), "TRUSTED_EDGES": "127.0.0.1/32"}
    async with start_door(backend, tmp_path_factory.mktemp("strict"), **settings) as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            yield client


async def spend(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> list[int]:
    return [(await client.request(method, path, headers=headers)).status_code for _ in range(8)]


def at(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": f"10.9.9.9, {address}"}


async def test_allowances_are_said_and_end_in_429(strict: httpx.AsyncClient, signer: Any) -> None:
    headers = {"Authorization": f"Bearer {signer.token()}"}
    for left in (4, 3, 2, 1, 0):
        response = await strict.get("/api/v1/registry/me", headers=headers)
        assert response.status_code == 200
        assert response.headers["ratelimit-policy"] == '"signed-in";q=5;w=60'
        assert response.headers["ratelimit"].startswith(f'"signed-in";r={left};t=')
    response = await strict.get("/api/v1/registry/me", headers=headers)
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 12
    assert response.json()["code"] == "too_many_requests"
    another = {"Authorization": f"Bearer {signer.token()}"}
    assert (await strict.get("/api/v1/registry/me", headers=another)).status_code == 200


async def test_tracking_has_an_allowance_of_its_own(strict: httpx.AsyncClient) -> None:
    codes = await spend(strict, "POST", "/api/v1/feedback/tracking/lookup", at("10.0.0.1"))
    assert codes == [200] * 3 + [429] * 5
    assert (await strict.post(SUBMISSIONS, headers=at("10.0.0.1"))).status_code == 200
    assert (await strict.post("/api/v1/feedback/tracking/lookup", headers=at("10.0.0.2"))).status_code == 200


async def test_a_token_does_not_buy_more_tracking_or_sign_ins(strict: httpx.AsyncClient, signer: Any) -> None:
    statuses = []
    for _ in range(4):
        headers = at("10.0.0.3") | {"Authorization": f"Bearer {signer.token()}"}
        statuses.append((await strict.post("/api/v1/feedback/tracking/lookup", headers=headers)).status_code)
    assert statuses == [200, 200, 200, 429]
    assert (await spend(strict, "POST", "/api/v1/registry/tokens", at("10.0.0.3")))[1:4] == [200, 429, 429]


async def test_a_household_has_one_ipv6_allowance(strict: httpx.AsyncClient) -> None:
    statuses = [
        (await strict.get("/api/v1/registry/units", headers=at(f"2001:db8:1:2::{number}"))).status_code
        for number in range(1, 6)
    ]
    assert statuses == [200] * 4 + [429]
    assert (await strict.get("/api/v1/registry/units", headers=at("2001:db8:1:3::1"))).status_code == 200


async def test_guessing_tokens_is_slowed_down(strict: httpx.AsyncClient) -> None:
    headers = at("10.0.0.4") | {"Authorization": "Bearer x"}
    assert await spend(strict, "GET", "/api/v1/registry/me", headers) == [401] * 6 + [429] * 2
    assert (await strict.get("/api/v1/registry/units", headers=at("10.0.0.4"))).status_code == 200


async def test_an_untrusted_peer_cannot_choose_its_address(start_door: Any, backend: Any, tmp_path: Any) -> None:
    limits = json.dumps({"public": "3/60"})
    async with start_door(backend, tmp_path, RATE_LIMITS=limits) as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            statuses = [
                (await client.get("/api/v1/registry/units", headers=at(f"10.0.1.{number}"))).status_code
                for number in range(4)
            ]
    assert statuses == [200] * 3 + [429]


async def test_under_load_intake_is_kept_and_the_rest_is_shed(start_door: Any, backend: Any, tmp_path: Any) -> None:
    release = asyncio.Event()

    @backend.on("/api/v1/registry/units/slow")
    async def _(request: Any) -> bytes:
        await release.wait()
        return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    async with start_door(backend, tmp_path, MAX_REQUESTS="10", ANSWER_SECONDS="20") as door:
        async with httpx.AsyncClient(base_url=door.url, timeout=20) as client:
            held = [asyncio.create_task(client.get("/api/v1/registry/units/slow")) for _ in range(8)]
            await asyncio.sleep(0.5)
            refused = await client.get("/api/v1/registry/units")
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert (await client.post(SUBMISSIONS)).status_code == 200
            release.set()
            assert [response.status_code for response in await asyncio.gather(*held)] == [200] * 8


@given(
    count=st.integers(1, 50),
    seconds=st.integers(1, 600),
    waits=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=80),
)
def test_no_window_ever_holds_more_than_twice_the_amount(count: int, seconds: int, waits: list[float]) -> None:
    policy = policies({"public": f"{count}/{seconds}"})[Bucket.PUBLIC]
    allowances, now, granted, refused = Allowances(), 1000.0, list[float](), list[int]()
    for wait in waits:
        now += wait
        try:
            allowances.take(policy, b"somebody", now)
        except TooMany as error:
            refused.append(error.retry_after or 0)
        else:
            granted.append(now)
    assert all(1 <= wait <= seconds + 1 for wait in refused)
    for start in granted:
        window = [moment for moment in granted if start <= moment < start + seconds]
        assert len(window) <= 2 * count
    # A burst and the even refill are all there is.
    assert len(granted) <= count + (granted[-1] - granted[0]) * count / seconds + 1 if granted else True


def test_retry_after_is_true() -> None:
    policy = policies({"public": "2/60"})[Bucket.PUBLIC]
    allowances = Allowances()
    allowances.take(policy, b"a", 0.0)
    allowances.take(policy, b"a", 0.0)
    with pytest.raises(TooMany) as refusal:
        allowances.take(policy, b"a", 1.0)
    assert refusal.value.retry_after == 29
    allowances.take(policy, b"a", 30.0)
    with pytest.raises(TooMany):
        allowances.take(policy, b"a", 30.0)


def test_memory_is_bounded_and_holds_no_address() -> None:
    policy = policies({})[Bucket.PUBLIC]
    allowances = Allowances(max_keys=100)
    for number in range(1000):
        allowances.take(policy, f"10.0.{number // 250}.{number % 250}".encode(), 0.0)
    assert len(allowances._full_at) <= 100
    assert not any(b"10.0" in key for key in allowances._full_at)
    assert Allowances().key(policy, b"10.0.0.1") != Allowances().key(policy, b"10.0.0.1")


@pytest.mark.parametrize(
    "address,expected",
    [
        ("192.0.2.7", b"192.0.2.7"),
        ("::ffff:192.0.2.7", b"192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", b"2001:db8:1:2"),
        ("2001:DB8:0001:2::9", b"2001:db8:1:2"),
        ("fe80::1%eth0", b"fe80:0:0:0"),
        ("::1", b"0:0:0:0"),
    ],
)
def test_what_stands_for_an_address(address: str, expected: bytes) -> None:
    assert address_key(address) == expected


@pytest.mark.parametrize("overrides", [{"nothing": "1/1"}, {"public": "0/60"}, {"public": "many"}, {"public": "1/0"}])
def test_unusable_amounts_are_refused(overrides: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="rate limit"):
        policies(overrides)
