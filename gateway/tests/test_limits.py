"""How much one caller may send: sizes by real bytes, and allowances that refill."""

import asyncio
import json
import re
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Allowances, address_key, network_key, policies
from gateway.routing import Bucket
from gateway.shared import SALT_SECONDS, private
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


async def test_the_layers_are_said_beside_each_other(strict: httpx.AsyncClient) -> None:
    response = await strict.post(SUBMISSIONS, headers=at("10.1.0.1"))
    assert response.headers["ratelimit-policy"] == '"public";q=4;w=60, "intake";q=4;w=60'
    assert re.fullmatch(r'"public";r=3;t=\d+, "intake";r=3;t=\d+', response.headers["ratelimit"])


async def test_429_says_which_allowance_is_empty(strict: httpx.AsyncClient) -> None:
    for _ in range(3):
        await strict.post("/api/v1/feedback/tracking/lookup", headers=at("10.1.1.1"))
    response = await strict.post("/api/v1/feedback/tracking/lookup", headers=at("10.1.1.1"))
    assert response.status_code == 429
    assert response.headers["ratelimit-policy"] == '"tracking";q=3;w=60'
    wait = response.headers["retry-after"]
    assert response.headers["ratelimit"] == f'"tracking";r=0;t={wait}'


async def test_a_network_has_one_allowance_and_neighbours_share_it(
    start_door: Any, backend: Any, tmp_path: Any
) -> None:
    settings = {"RATE_LIMITS": json.dumps({"address": "12/600"}), "TRUSTED_EDGES": "127.0.0.1/32"}
    async with start_door(backend, tmp_path, **settings) as door, httpx.AsyncClient(base_url=door.url) as client:
        statuses = [
            (await client.get("/api/v1/registry/units", headers=at(f"192.0.2.{number}"))).status_code
            for number in range(15)
        ]
        assert statuses == [200] * 12 + [429] * 3
        assert (await client.get("/api/v1/registry/units", headers=at("192.0.3.1"))).status_code == 200
        statuses = [
            (await client.get("/api/v1/registry/units", headers=at(f"2001:db8:0:1{number:02x}::1"))).status_code
            for number in range(15)
        ]
        assert statuses == [200] * 12 + [429] * 3
        response = await client.get("/api/v1/registry/units", headers=at("2001:db8:0:200::1"))
        assert response.status_code == 200
        # What the neighbours do is told to nobody.
        assert "address" not in response.headers["ratelimit"]


async def test_people_and_clients_have_allowances_of_their_own(
    start_door: Any, backend: Any, signer: Any, tmp_path: Any
) -> None:
    amounts = json.dumps({"signed_in": "3/600", "client": "5/600", "exports": "2/600"})
    person = {"Authorization": f"Bearer {signer.token()}"}
    machine = {"Authorization": f"Bearer {signer.token(kind='client')}"}
    async with start_door(backend, tmp_path, RATE_LIMITS=amounts) as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            assert await spend(client, "GET", "/api/v1/registry/me", person) == [200] * 3 + [429] * 5
            assert await spend(client, "GET", "/api/v1/targets/exports", machine) == [200] * 2 + [429] * 6
            assert await spend(client, "GET", "/api/v1/registry/me", machine) == [200] * 3 + [429] * 5


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


def taker(policy: Any, **options: Any) -> Any:
    allowances = Allowances(private(**options))
    return lambda caller, now: allowances.take(now, [(policy, allowances.digest(caller))])


@given(
    count=st.integers(1, 50),
    seconds=st.integers(1, 600),
    waits=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=80),
)
def test_no_window_ever_holds_more_than_twice_the_amount(count: int, seconds: int, waits: list[float]) -> None:
    policy = policies({"public": f"{count}/{seconds}"})[Bucket.PUBLIC]
    take, now, granted, refused = taker(policy, sets=4), 1000.0, list[float](), list[int]()
    for wait in waits:
        now += wait
        try:
            take(b"somebody", now)
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
    take = taker(policies({"public": "2/60"})[Bucket.PUBLIC])
    take(b"a", 0.0)
    take(b"a", 0.0)
    with pytest.raises(TooMany) as refusal:
        take(b"a", 1.0)
    assert refusal.value.retry_after == 29
    take(b"a", 30.0)
    with pytest.raises(TooMany):
        take(b"a", 30.0)


def test_a_request_refused_by_one_layer_takes_nothing_from_another() -> None:
    made = policies({"public": "5/60", "tracking": "1/60"})
    allowances = Allowances(private(sets=16))
    caller = allowances.digest(b"10.0.0.1")
    both = [(made[Bucket.PUBLIC], caller), (made[Bucket.TRACKING], caller)]
    allowances.take(0.0, both)
    for _ in range(20):
        with pytest.raises(TooMany):
            allowances.take(0.0, both)
    for _ in range(4):
        allowances.take(0.0, both[:1])
    with pytest.raises(TooMany):
        allowances.take(0.0, both[:1])


def test_memory_is_bounded_and_holds_no_address() -> None:
    policy = policies({})[Bucket.PUBLIC]
    shared = private(sets=25)
    allowances = Allowances(shared)
    for number in range(1000):
        address = f"10.0.{number // 250}.{number % 250}".encode()
        allowances.take(0.0, [(policy, allowances.digest(address))])
    kept = bytes(shared._memory)
    assert len(kept) == 64 + 25 * 4 * 16
    assert b"10.0" not in kept
    assert all(shared._keys)  # as many as there is room for are remembered


def test_the_salt_is_thrown_away_after_a_day() -> None:
    moment = 1000.0
    allowances = Allowances(private(sets=1, clock=lambda: moment))
    first = allowances.digest(b"10.0.0.1")
    moment += SALT_SECONDS - 1
    assert allowances.digest(b"10.0.0.1") == first
    salt = allowances._shared.salt()
    moment += 2
    assert allowances.digest(b"10.0.0.1") != first
    assert salt not in bytes(allowances._shared._memory)


async def test_all_workers_count_together_and_share_the_salt(start_door: Any, backend: Any, tmp_path: Any) -> None:
    """Three processes; every request on a connection of its own, so that all of them answer some."""
    settings = {"WORKERS": "3", "RATE_LIMITS": json.dumps({"public": "20/3600", "tokens": "10/3600"})}
    async with start_door(backend, tmp_path, **settings) as door:
        statuses = []
        for _ in range(60):
            async with httpx.AsyncClient(base_url=door.url) as client:
                statuses.append((await client.get("/api/v1/registry/units")).status_code)
        for _ in range(30):
            async with httpx.AsyncClient(base_url=door.url) as client:
                await client.post("/api/v1/registry/tokens", json={}, headers={"x-forwarded-for": "10.0.0.1"})
    assert statuses.count(200) == 20
    assert not any(b"tokens" in request.line for request in backend.requests)  # public is spent: none passes


async def test_only_credential_routes_are_told_the_network_and_in_all_workers_the_same(
    start_door: Any, backend: Any, tmp_path: Any
) -> None:
    forged = {"X-Client-Bucket": "0" * 32}
    async with start_door(backend, tmp_path, WORKERS="3", TRUSTED_EDGES="127.0.0.1/32") as door:
        for number in range(20):
            async with httpx.AsyncClient(base_url=door.url) as client:
                await client.post("/api/v1/registry/tokens", json={}, headers=at(f"192.0.2.{number}") | forged)
        seen = {tuple(request.values(b"x-client-bucket")) for request in backend.requests if b"tokens" in request.line}
        assert len(seen) == 1
        (values,) = seen
        assert len(values) == 1
        assert len(values[0]) == 32
        assert values[0] != b"0" * 32
        assert int(values[0], 16) > 0
        async with httpx.AsyncClient(base_url=door.url) as client:
            await client.post("/api/v1/registry/tokens", json={}, headers=at("198.51.100.1"))
            assert backend.last.values(b"x-client-bucket") != list(values)
            await client.get("/api/v1/registry/units", headers=forged)
            assert backend.last.values(b"x-client-bucket") == []
    assert values[0].decode() not in door.log.read_text()


@pytest.mark.parametrize(
    "address,expected",
    [
        ("192.0.2.7", b"192.0.2/24"),
        ("::ffff:192.0.2.7", b"192.0.2/24"),
        ("2001:db8:1:2ab:3:4:5:6", b"2001:db8:1:2/56"),
        ("2001:DB8:0001:02ff::9", b"2001:db8:1:2/56"),
        ("2001:db8::9", b"2001:db8:0:0/56"),
    ],
)
def test_what_stands_for_a_network(address: str, expected: bytes) -> None:
    assert network_key(address) == expected


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
