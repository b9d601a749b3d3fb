"""Organisations, calendar, set-up, throttling and foreign sign-in as a front-end sees them: through the gateway."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest

from devstack.access.calls import Operation
from devstack.access.tokens import Minter
from devstack.demo.client import Client, eventually
from devstack.demo.people import city_organisation
from devstack.stack import Stack

CALLBACK = "https://gopy.example.vn/ve"
OUR_ID, OUR_SECRET = "nhip-cau", "bi-mat-0123456789"


@pytest.fixture(scope="module")
async def front(nobody: Client) -> str:
    return await city_organisation(nobody, "front_committee")


@pytest.fixture(scope="module")
async def admin(house: Stack, known: dict[str, Operation], front: str) -> Client:
    """An administrator of the city."""
    token = Minter(house, known).token("administrator", front, subject=str(uuid.uuid4()), kind="person")
    return Client(house.base_url, "administrator", token)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


async def test_an_old_name_leads_to_the_body_of_today(admin: Client, nobody: Client, front: str) -> None:
    old, new = f"Ban {uuid.uuid4().hex[:8]}", f"Ban {uuid.uuid4().hex[:8]}"

    async def restructure(day: str, change: dict[str, Any]) -> Any:
        body = {"happened_on": day, "legal_basis": "Quyết định thử", "changes": [change]}
        return await admin.post("/registry/restructurings", body)

    begun = {"name": old, "kind": "department", "parent": {"id": front}}
    made = await restructure("2026-03-01", {"change": "create", "of": "organisation", "new": begun})
    own = made["started"][0]["id"]
    await restructure("2026-05-01", {"change": "rename", "of": "organisation", "id": own, "name": new})
    found = await nobody.get("/registry/organisations/named", name=old, on="2026-04-01")
    assert [one["organisation"]["id"] for one in found["items"]] == [own]
    assert [one["organisation"]["name"] for one in found["items"][0]["stands_as"]] == [new]
    circle = {"change": "move", "of": "organisation", "id": own, "parent": {"id": front}}
    body = {"happened_on": "2026-06-01", "legal_basis": "Quyết định thử", "changes": [circle]}
    refused = await admin.refused(
        "POST", "/registry/restructurings", 409, json=body, headers={"Idempotency-Key": uuid.uuid4().hex}
    )
    assert refused["detail"]


async def test_a_day_off_moves_what_the_sender_is_told(admin: Client, nobody: Client) -> None:
    consent = {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True}
    report = {"identity_mode": "anonymous", "unit_code": "31135", "text": "Đèn đường hỏng.", "consent": consent}
    ticket = await nobody.post("/feedback/submissions", report)
    keys = {"code": ticket["code"], "secret": ticket["secret"]}
    old = ticket["status_due_on"]
    known = await admin.get("/registry/calendar", **{"from": old, "until": old})
    match = {"If-Match": f'"{known["days"][0]["version"]}"'} if known["days"] else {}
    content = {"kind": "off_in_lieu", "name": "Nghỉ bù", "source": "Công văn thử", "confirmed": True}
    await admin.put(f"/registry/calendar/{old}", content, match)

    async def moved() -> Any:
        seen = await nobody.post("/feedback/tracking", keys, status=200, key=False)
        return seen if seen["clocks"]["changes"] else None

    seen = await eventually("the deadline is counted again", moved, seconds=60)
    assert date.fromisoformat(seen["clocks"]["status_due_on"]) >= date.fromisoformat(old) + timedelta(days=1)
    [change] = seen["clocks"]["changes"]
    assert "Hạn cũ" in change["text_vi"]
    _, match = await admin.read(f"/registry/calendar/{old}")
    await admin.put(f"/registry/calendar/{old}", content | {"kind": "ordinary", "name": "Ngày thường"}, match)


async def test_a_set_up_file_twice_is_once(admin: Client) -> None:
    body = {"years": [{"year": 2044, "confirmed": False, "source": uuid.uuid4().hex}]}
    kinds = []
    for _ in range(2):
        done = await admin.post("/registry/setup", body, status=200)
        kinds.append([one["kind"] for one in done["changes"]])
    assert kinds in ([["add"], ["same"]], [["change"], ["same"]])


async def test_wrong_passwords_are_stopped_by_name(raw: httpx.AsyncClient) -> None:
    async def wrong(name: str) -> httpx.Response:
        body = {"grant_type": "password", "username": name, "password": "không phải mật khẩu này"}
        return await raw.post("/api/v1/registry/tokens", json=body)

    name = f"ai{uuid.uuid4().hex[:8]}"
    answers = [await wrong(name) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await wrong(name[::-1])).status_code == 401


async def test_a_citizen_of_another_issuer_passes_by_sign_in_and_by_that_issuer_s_own_token(
    admin: Client, nobody: Client, raw: httpx.AsyncClient, issuer: str, front: str
) -> None:
    provider = await admin.post(
        "/registry/identity-providers",
        {
            "key": f"nha-{uuid.uuid4().hex[:8]}", "organisation_id": front, "name": "Định danh thử", "issuer": issuer,
            "client_id": OUR_ID, "auth_method": "client_secret_basic", "client_secret": OUR_SECRET,
            "redirect_uris": [CALLBACK], "scopes": ["openid", "profile"], "claims": {}, "role": "citizen",
            "creates_accounts": True, "audiences": [OUR_ID],
        },
    )  # fmt: skip
    path = f"/registry/identity-providers/{provider['key']}/sign-ins"
    begun = await nobody.post(path, {"redirect_uri": CALLBACK}, status=200, key=False)
    async with httpx.AsyncClient() as browser:
        back = await browser.post(begun["authorization_url"], data={"sub": "người dân"})
        brought = {name: value[0] for name, value in parse_qs(urlsplit(back.headers["location"]).query).items()}
        body = {"grant_type": "oidc_code", "redirect_uri": CALLBACK, **brought}
        answer = await nobody.post("/registry/tokens", body, status=200, key=False)
        ours = await raw.get("/api/v1/registry/me", headers={"Authorization": f"Bearer {answer['access_token']}"})
        assert [grant["role"] for grant in ours.json()["grants"]] == ["citizen"]
        theirs = await foreign_token(browser, issuer)
    passed = await raw.get("/api/v1/registry/me", headers={"Authorization": f"Bearer {theirs}"})
    assert (passed.status_code, passed.json()["id"]) == (200, ours.json()["id"])
    broken = await raw.get("/api/v1/registry/me", headers={"Authorization": f"Bearer {theirs[:-4]}AAAA"})
    assert broken.status_code == 401


async def foreign_token(browser: httpx.AsyncClient, issuer: str) -> str:
    """Sign the same person in at the provider, past Nhịp Cầu, and return the provider's id token."""
    told = (await browser.get(f"{issuer}/.well-known/openid-configuration")).json()
    asked = {"response_type": "code", "client_id": OUR_ID, "redirect_uri": CALLBACK, "scope": "openid profile"}
    back = await browser.post(told["authorization_endpoint"], params=asked, data={"sub": "người dân"})
    code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = await browser.post(told["token_endpoint"], data=body, auth=(OUR_ID, OUR_SECRET))
    token: str = answer.json()["id_token"]
    return token
