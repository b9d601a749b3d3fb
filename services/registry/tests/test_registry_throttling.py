"""Guessing is stopped: many passwords at one account, one password at many; and no answer gives a name away."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from registry.passwords import PasswordHasher

from .conftest import API, House

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


class CountingHasher(PasswordHasher):
    """Counts how often a password is hashed or compared."""

    def __init__(self) -> None:
        super().__init__(memory_kib=64, rounds=1)
        self.done = 0

    async def hash(self, password: str) -> str:
        self.done += 1
        return await super().hash(password)

    async def verify(self, password: str, stored: str | None) -> bool:
        self.done += 1
        return await super().verify(password, stored)


@pytest.fixture
async def hasher(house: House) -> AsyncIterator[CountingHasher]:
    parts = house.app.state.runtime.parts
    before, counting = parts["passwords"], CountingHasher()
    await counting.verify("x", None)
    parts["passwords"] = counting
    yield counting
    parts["passwords"] = before


async def guesses(house: House, tries: list[tuple[str, str]], bucket: str | None = None) -> list[int]:
    """Try (name, password) pairs, twenty at a time; the statuses in order."""
    statuses = []
    for at in range(0, len(tries), 20):
        answers = await asyncio.gather(
            *(
                house.token(bucket, grant_type="password", username=name, password=password)
                for name, password in tries[at : at + 20]
            )
        )
        statuses += [answer.status_code for answer in answers]
    return statuses


async def test_a_thousand_tries_at_one_account_get_five(
    house: House, new_person: NewPerson, hasher: CountingHasher
) -> None:
    person = await new_person()
    before = hasher.done
    statuses = await guesses(house, [(person["username"], f"đoán lần thứ {number}") for number in range(1000)])
    assert (statuses.count(401), statuses.count(429)) == (5, 995)
    assert hasher.done - before == 5, "who is throttled costs no hash"
    elsewhere = await house.token(grant_type="password", username=person["username"], password=person["password"])
    assert elsewhere.status_code == 429, "by account, from wherever"


async def test_one_password_over_a_thousand_accounts_gets_fifty_from_one_network(
    house: House, new_person: NewPerson, hasher: CountingHasher
) -> None:
    person, bucket = await new_person(), uuid.uuid4().hex
    before = hasher.done
    statuses = await guesses(house, [(f"nguoi.{number}", "mật khẩu đang thịnh") for number in range(1000)], bucket)
    assert (statuses.count(401), statuses.count(429)) == (50, 950)
    assert hasher.done - before == 50
    right = {"grant_type": "password", "username": person["username"], "password": person["password"]}
    assert (await house.token(bucket, **right)).status_code == 429
    assert (await house.token(**right)).status_code == 200, "another network is not affected"
    codes = await house.http.post(
        f"{API}/passwords",
        headers={"x-client-bucket": bucket},
        json={"code": "x" * 43, "password": "dưới bóng dừa xanh bà ngoại"},
    )
    assert codes.status_code == 429, "codes are tried under the same count"


async def test_a_network_that_tried_too_often_uses_up_no_ones_tries(house: House, new_person: NewPerson) -> None:
    person, bucket = await new_person(), uuid.uuid4().hex
    await guesses(house, [(f"la.{number}", "mật khẩu đang thịnh") for number in range(60)], bucket)
    assert set(await guesses(house, [(person["username"], "sai")] * 20, bucket)) == {429}
    assert (await house.sign_in(person["username"], person["password"]))["access_token"]


async def test_people_who_know_their_password_do_not_fill_their_networks_count(
    house: House, new_person: NewPerson
) -> None:
    person, bucket = await new_person(), uuid.uuid4().hex
    right = [(person["username"], person["password"])] * 70
    for one in right:
        assert await guesses(house, [one], bucket) == [200]


@pytest.mark.parametrize("header", [None, "", "not-a-bucket", "F" * 32, "0" * 33])
async def test_without_a_bucket_of_the_gateway_all_share_one(house: House, header: str | None) -> None:
    sent = {} if header is None else {"x-client-bucket": header}
    body = {"grant_type": "password", "username": f"la.{uuid.uuid4().hex[:8]}", "password": "sai"}
    count = "SELECT sum(attempts) FROM sign_in_throttle WHERE key_hash = $1"
    shared = house.app.state.runtime.part("secrets").hash("unknown", "throttle-address")
    before = (await house.rows(count, shared))[0][0] or 0
    assert (await house.http.post(f"{API}/tokens", json=body, headers=sent)).status_code == 401
    assert (await house.rows(count, shared))[0][0] == before + 1


async def test_unknown_known_invited_and_locked_names_get_one_answer_after_one_hash(
    house: House, new_person: NewPerson, hasher: CountingHasher
) -> None:
    known, locked, enrolled = await new_person(), await new_person(), await new_person(roles=("head",))
    await house.rows("UPDATE account SET status = 'locked' WHERE username = $1", locked["username"])
    invited = await new_person()
    await house.rows(
        "UPDATE account SET status = 'invited', password_hash = NULL WHERE username = $1", invited["username"]
    )
    said, costs = [], []
    for name in ("khong-co-ai-ca", *(one["username"] for one in (known, locked, invited, enrolled))):
        before = hasher.done
        answer = await house.token(grant_type="password", username=name, password="sai hẳn", totp="123456")
        costs.append(hasher.done - before)
        body = answer.json()
        body.pop("request_id", None)
        said.append((answer.status_code, body))
    assert all(one == said[0] for one in said)
    assert said[0][1]["code"] == "wrong_credentials"
    assert set(costs) == {1}


async def test_guessing_the_own_password_with_a_stolen_token_is_throttled(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    headers = await house.person_headers(person)
    body = {"current_password": "sai", "password": "dưới bóng dừa xanh bà ngoại"}
    statuses = []
    for path in ("/me/password", "/me/totp"):
        for _ in range(4):
            sent = headers | {"x-client-bucket": uuid.uuid4().hex}
            request = body if path == "/me/password" else {"current_password": "sai"}
            statuses.append((await house.http.post(API + path, headers=sent, json=request)).status_code)
    assert statuses == [401] * 5 + [429] * 3


async def test_strangers_cannot_keep_a_person_out_for_longer_than_an_hour(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    try:
        for _ in range(6):
            await guesses(house, [(person["username"], "sai")] * 5)
            blocked = await house.token(grant_type="password", username=person["username"], password="sai")
            assert blocked.status_code == 429
            wait = int(blocked.headers["retry-after"])
            assert wait <= 3601
            house.clock.ahead += timedelta(seconds=wait)
        assert (await house.sign_in(person["username"], person["password"]))["access_token"]
    finally:
        house.clock.ahead = timedelta()
