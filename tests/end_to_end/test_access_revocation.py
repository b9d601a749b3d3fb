"""Ended access is refused by every process within a minute, with NATS down: five services and two gateway workers.

Every token is used at every door first, so what is remembered there is tested too.
"""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyotp import TOTP

from devstack.access.scene import READ_ME
from devstack.demo.client import Client, eventually
from devstack.demo.people import commune_organisation
from devstack.paths import SERVICES
from devstack.stack import Stack

from .conftest import GENEROUS

API = "/api/v1"
DOORS = {
    "registry": "/registry/me",
    "targets": "/targets/indicators",
    "feedback": "/feedback/submissions",
    "oversight": "/oversight/cases",
    "webhooks": "/webhooks/endpoints",
    # No service has this path, so nobody but the gateway looks at the token.
    "gateway": "/targets/no-such-thing",
}
REGISTRY = f"{API}/registry"


@dataclass
class Person:
    """An account made for one test."""

    id: str
    username: str
    password: str
    organisation: str
    version: int


@dataclass
class Place:
    """The house without NATS, and who administers it."""

    house: Stack
    http: httpx.AsyncClient
    admin: dict[str, str]
    organisation: str

    async def token(self, **body: str) -> str:
        answer = await self.http.post(f"{self.house.base_url}{REGISTRY}/tokens", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def sign_in(self, person: Person) -> str:
        return await self.token(grant_type="password", username=person.username, password=person.password)

    async def call(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
        sent = {"Idempotency-Key": secrets.token_hex(12), **headers}
        answer = await self.http.request(method, f"{self.house.base_url}{REGISTRY}{path}", headers=sent, json=body)
        assert answer.status_code < 300, answer.text
        return answer

    async def person(self) -> Person:
        username, password = f"u{secrets.token_hex(5)}", secrets.token_urlsafe(18)
        roles = [{"role": role, "organisation_id": self.organisation} for role in ("front_officer", "administrator")]
        body = {"username": username, "name": "Người thử", "organisation_id": self.organisation}
        made = (await self.call("POST", "/accounts", self.admin, {**body, "roles": roles})).json()
        await self.call("POST", "/passwords", {}, {"code": made["code"], "password": password})
        account = (await self.call("GET", f"/accounts/{made['account']['id']}", self.admin)).json()
        return Person(account["id"], username, password, self.organisation, account["version"])

    async def statuses(self, token: str, doors: tuple[str, ...] = tuple(DOORS)) -> dict[str, set[int]]:
        """What each door answers; asked often enough that both workers of the gateway had their turn."""
        headers = {"Authorization": f"Bearer {token}"}
        found: dict[str, set[int]] = {door: set() for door in doors}
        for door in doors:
            times = 12 if door == "gateway" else 1
            for _ in range(times):
                # A connection each: kept ones would always end at the same worker.
                async with httpx.AsyncClient(timeout=20) as http:
                    answer = await http.get(f"{self.house.url(door)}{API}{DOORS[door]}", headers=headers)
                found[door].add(answer.status_code)
        return found

    async def works(self, token: str) -> None:
        found = await self.statuses(token)
        assert not any(401 in seen or 503 in seen for seen in found.values()), found

    async def refused_everywhere(self, token: str) -> float:
        """Wait until every door refuses, at most a minute, and return how long it took."""
        began = time.monotonic()
        while (found := await self.statuses(token)) != {door: {401} for door in DOORS}:
            assert time.monotonic() - began < 60, found
            await asyncio.sleep(0.1)
        return time.monotonic() - began


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Place]:
    extra = {
        "RATE_LIMITS": GENEROUS,
        "REVOCATION_SECONDS": "1",
        "WORKERS": "2",
        "ANONYMOUS_EVENT_DELAY_SECONDS": "0",
    }
    async with Stack(extra_env=extra) as house, httpx.AsyncClient(timeout=20) as http:
        nobody = Client(house.base_url)
        organisation = await commune_organisation(nobody, "front_committee")
        await nobody.close()
        made = Place(house, http, {}, organisation)
        credentials = {"grant_type": "password", "username": house.admin_user, "password": house.admin_password}
        token = await made.token(**credentials, totp=TOTP(house.admin_totp_secret).now())
        made.admin = {"Authorization": f"Bearer {token}"}
        await house.pause("nats")
        yield made


def if_match(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


async def lock(place: Place, person: Person, _: str) -> None:
    headers = place.admin | if_match(person.version)
    await place.call("POST", f"/accounts/{person.id}/lock", headers, {"reason_code": "left_office"})
    await place.call("POST", f"/accounts/{person.id}/unlock", place.admin | if_match(person.version + 1))


async def end_role(place: Place, person: Person, _: str) -> None:
    grants = (await place.call("GET", f"/accounts/{person.id}", place.admin)).json()["grants"]
    grant = next(one for one in grants if one["role"] == "front_officer")
    await place.call("DELETE", f"/accounts/{person.id}/roles/{grant['id']}", place.admin | if_match(1))


async def log_out(place: Place, _: Person, token: str) -> None:
    await place.call("POST", "/sessions/logout", {"Authorization": f"Bearer {token}"})


async def change_password(place: Place, person: Person, token: str) -> None:
    new = secrets.token_urlsafe(18)
    body = {"current_password": person.password, "password": new}
    await place.call("POST", "/me/password", {"Authorization": f"Bearer {token}"}, body)
    person.password = new


async def recover(place: Place, person: Person, _: str) -> None:
    person.password = secrets.token_urlsafe(18)
    headers = place.admin | if_match(person.version)
    code = (await place.call("POST", f"/accounts/{person.id}/recovery", headers)).json()["code"]
    await place.call("POST", "/passwords", {}, {"code": code, "password": person.password})


async def end_sessions(place: Place, person: Person, _: str) -> None:
    await place.call("POST", f"/accounts/{person.id}/sessions/end", place.admin | if_match(person.version))


async def end_this_session(place: Place, _: Person, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    items = (await place.call("GET", "/me/sessions", headers)).json()["items"]
    [present] = [one["id"] for one in items if one["present"]]
    await place.call("DELETE", f"/me/sessions/{present}", headers)


Cause = Callable[[Place, Person, str], Awaitable[None]]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("cause", "others_end"),
    [
        (lock, True),
        (end_role, True),
        (end_sessions, True),
        (log_out, False),
        (end_this_session, False),
        (change_password, True),
        (recover, True),
    ],
    ids=["lock", "role ended", "sessions ended", "logout", "one session ended", "own password", "recovery"],
)
async def test_a_person_whose_access_ended_is_refused_everywhere(place: Place, cause: Cause, others_end: bool) -> None:
    person = await place.person()
    token, other = await place.sign_in(person), await place.sign_in(person)
    await place.works(token)
    await place.works(other)
    await cause(place, person, token)
    await place.works(await place.sign_in(person))
    assert await place.refused_everywhere(token) < 20
    if others_end:
        await place.refused_everywhere(other)
    else:
        await place.works(other)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("cause", ["revoked", "credential replaced at once", "scopes changed"])
async def test_a_client_that_was_shut_out_is_refused_everywhere(place: Place, cause: str) -> None:
    client_id = f"he-thong-{secrets.token_hex(4)}"
    body = {"client_id": client_id, "name": "Hệ thống thử", "organisation_id": place.organisation}
    made = (await place.call("POST", "/clients", place.admin, {**body, "scopes": [READ_ME]})).json()
    credentials = {"grant_type": "client_credentials", "client_id": client_id}
    token = await place.token(**credentials, client_secret=made["client_secret"])
    await place.works(token)
    path, headers = f"/clients/{made['client']['id']}", place.admin | if_match(1)
    if cause == "revoked":
        await place.call("POST", f"{path}/revoke", headers)
    elif cause == "scopes changed":
        await place.call("PUT", f"{path}/scopes", headers, {"scopes": [READ_ME, "registry.list_units"]})
        await place.works(await place.token(**credentials, client_secret=made["client_secret"]))
    else:
        now = datetime.now(UTC).isoformat()
        answer = (await place.call("POST", f"{path}/credentials", headers, {"old_good_until": now})).json()
        await place.works(await place.token(**credentials, client_secret=answer["client_secret"]))
    assert await place.refused_everywhere(token) < 20


@pytest.mark.timeout(240)
async def test_a_process_knows_at_its_first_request_what_was_revoked_before_it_started(place: Place) -> None:
    person = await place.person()
    token = await place.sign_in(person)
    await place.works(token)
    await log_out(place, person, token)
    for name in SERVICES:
        await place.house.kill(name)
        await place.house.wait_ready(name)
        assert (await place.statuses(token, (name,)))[name] == {401}, name
    before = gateway_workers(place.house)
    for worker in before:
        os.kill(worker, signal.SIGKILL)

    async def both_are_new() -> bool:
        return len(gateway_workers(place.house) - before) == 2

    await eventually("two new workers of the gateway", both_are_new, 60)
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=20), timeout=20) as http:
        await http.get(f"{place.house.base_url}/livez")
    assert (await place.statuses(token, ("gateway",)))["gateway"] == {401}


def gateway_workers(house: Stack) -> set[int]:
    """The processes that serve; their parent only starts them anew."""
    parent = house.pids["gateway"]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {int(one) for one in children if b"spawn_main" in _command_of(one)}


def _command_of(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended after it was listed
        return b""


@pytest.mark.timeout(120)
async def test_without_the_registry_good_tokens_go_on_and_known_revocations_stay(place: Place) -> None:
    person = await place.person()
    token, ended = await place.sign_in(person), await place.sign_in(person)
    await place.works(token)
    await log_out(place, person, ended)
    await place.refused_everywhere(ended)
    await place.house.pause("registry")
    try:
        doors = tuple(door for door in DOORS if door != "registry")
        found = await place.statuses(token, doors)
        assert not any(401 in seen or 503 in seen for seen in found.values()), found
        assert await place.statuses(ended, doors) == {door: {401} for door in doors}
    finally:
        await place.house.resume("registry")
