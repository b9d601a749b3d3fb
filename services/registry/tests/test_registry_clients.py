"""Clients of other systems: what they may call, credentials beside each other, last use, signed assertions."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from contracts.operations import OPERATIONS

from .conftest import API, House, bearer, if_match, key

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = "nhipcau/test"
READING = [name for name, operation in OPERATIONS.items() if operation["method"] == "GET"]
NewClient = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def new_client(house: House) -> NewClient:
    """Make a client of the city's committee; returns the answer."""

    async def make(scopes: list[str] | None = None, **more: Any) -> dict[str, Any]:
        answer = await house.http.post(
            f"{API}/clients",
            headers=house.admin | key(),
            json={
                "client_id": f"he-thong-{uuid.uuid4().hex[:8]}",
                "name": "Cổng 1022",
                "organisation_id": await house.organisation("peoples_committee", "92"),
                "scopes": scopes or ["registry.list_units"],
                **more,
            },
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make


async def token_for(house: House, client_id: str, secret: str) -> httpx.Response:
    return await house.token(grant_type="client_credentials", client_id=client_id, client_secret=secret)


async def signed_in(house: House, made: dict[str, Any]) -> dict[str, str]:
    answer = await token_for(house, made["client"]["client_id"], made["client_secret"])
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["access_token"])


async def rotate(house: House, client: dict[str, Any], **body: Any) -> httpx.Response:
    return await house.http.post(
        f"{API}/clients/{client['id']}/credentials",
        headers=house.admin | key() | if_match(client["version"]),
        json=body,
    )


def ahead(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


async def test_a_client_calls_what_its_scopes_list_and_nothing_else(house: House, new_client: NewClient) -> None:
    made = await new_client(["registry.list_units"])
    headers = await signed_in(house, made)
    assert (await house.http.get(f"{API}/units", headers=headers)).status_code == 200
    refused = await house.http.get(f"{API}/organisations", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "operation_not_in_scope")
    assert (await house.http.get(f"{API}/organisations")).status_code == 200  # public without the token
    me = (await house.http.get(f"{API}/me", headers=headers)).json()
    assert me["scopes"] == ["registry.list_units"]
    assert [grant["organisation_kind"] for grant in me["grants"]] == ["peoples_committee"]
    assert (await house.http.post(f"{API}/sessions/logout", headers=headers)).status_code == 204


async def test_a_reading_client_is_refused_every_write_of_this_service(house: House, new_client: NewClient) -> None:
    reading = [name for name in READING if name.startswith("registry.")]
    headers = await signed_in(house, await new_client(reading))
    tried = 0
    for name, operation in OPERATIONS.items():
        if not name.startswith("registry.") or operation["method"] == "GET" or name == "registry.end_session":
            continue
        path = operation["path"]
        for part in path.split("/"):
            if part.startswith("{"):
                path = path.replace(part, str(uuid.uuid4()))
        sent = headers | key() | if_match(1)
        answer = await house.http.request(operation["method"], path, headers=sent, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "operation_not_in_scope"), name
        tried += 1
    assert tried > 15


async def test_a_scope_that_is_no_operation_is_refused(house: House, new_client: NewClient) -> None:
    organisation = await house.organisation("peoples_committee", "92")
    body = {"client_id": "khong-co", "name": "Thử", "organisation_id": organisation}
    for scopes, code in (
        (["registry.list_units", "registry.no_such"], "unknown_operation"),
        (["*"], "invalid"),
        ([], "invalid"),
        (["registry.list_units"] * 301, "invalid"),
    ):
        answer = await house.http.post(f"{API}/clients", headers=house.admin | key(), json=body | {"scopes": scopes})
        assert (answer.status_code, answer.json()["code"]) == (422, code), scopes
    client = (await new_client())["client"]
    answer = await house.http.put(
        f"{API}/clients/{client['id']}/scopes",
        headers=house.admin | if_match(1),
        json={"scopes": ["registry.list_units", "registry.no_such"]},
    )
    assert answer.json()["errors"][0]["field"] == "body.scopes.1"


async def test_changed_scopes_count_at_once(house: House, new_client: NewClient) -> None:
    made = await new_client(["registry.list_units", "registry.list_organisations"])
    old = await signed_in(house, made)
    address = f"{API}/clients/{made['client']['id']}/scopes"
    stale = await house.http.put(address, headers=house.admin | if_match(7), json={"scopes": ["registry.list_units"]})
    assert stale.status_code == 412
    changed = await house.http.put(address, headers=house.admin | if_match(1), json={"scopes": ["registry.list_units"]})
    assert (changed.json()["scopes"], changed.json()["version"]) == (["registry.list_units"], 2)
    assert (await house.http.get(f"{API}/organisations", headers=old)).status_code == 401
    new = await signed_in(house, made)
    assert (await house.http.get(f"{API}/organisations", headers=new)).status_code == 403
    [entry] = await house.rows(
        "SELECT details FROM audit_entry WHERE action = 'client.scopes_changed' AND subject_id = $1",
        made["client"]["id"],
    )
    assert "registry.list_units" in entry["details"]


async def test_the_houses_own_processes_have_no_scopes(house: House) -> None:
    headers = await house.service_headers()
    answer = await house.http.get(f"{API}/reference", headers=headers, params={"kind": "unit", "limit": 1})
    assert answer.status_code == 200


async def test_a_client_sees_its_secret_once(house: House, new_client: NewClient) -> None:
    made = await new_client()
    read = await house.http.get(f"{API}/clients/{made['client']['id']}", headers=house.admin)
    assert made["client_secret"] not in read.text
    assert [grant["role"] for grant in read.json()["grants"]] == ["integrating_system"]
    listed = await house.statements(lambda: house.http.get(f"{API}/clients", headers=house.admin))
    single = await house.statements(
        lambda: house.http.get(f"{API}/clients/{made['client']['id']}", headers=house.admin)
    )
    assert (listed, single) == (3, 3)
    for row in await house.rows("SELECT c::text AS line FROM api_client_credential c"):
        assert made["client_secret"] not in row["line"]


async def test_old_and_new_secret_are_good_beside_each_other_until_the_overlap_ends(
    house: House, new_client: NewClient
) -> None:
    made = await new_client()
    client_id, old = made["client"]["client_id"], made["client_secret"]
    before = await signed_in(house, made)
    sent = house.admin | key() | if_match(1)
    address = f"{API}/clients/{made['client']['id']}/credentials"
    rotated = await house.http.post(address, headers=sent, json={})
    assert rotated.status_code == 201, rotated.text
    again = await house.http.post(address, headers=sent, json={})
    assert again.json() == rotated.json()  # a lost answer can be had again
    new, client = rotated.json()["client_secret"], rotated.json()["client"]
    ends = [one["expires_at"] for one in client["credentials"]]
    assert ends[0] is None
    assert timedelta(hours=23) < datetime.fromisoformat(ends[1]) - datetime.now(UTC) <= timedelta(hours=24)
    assert (await house.http.get(f"{API}/units", headers=before)).status_code == 200  # no 401 in the overlap
    for secret in (old, new):
        assert (await token_for(house, client_id, secret)).status_code == 200
    third = await rotate(house, client)
    assert (third.status_code, third.json()["code"]) == (409, "too_many_credentials")
    house.clock.ahead = timedelta(hours=23, minutes=55)
    try:
        last = (await token_for(house, client_id, old)).json()
        assert 200 < last["expires_in"] <= 300  # a token does not outlive what it was given for
        house.clock.ahead = timedelta(hours=24, minutes=1)
        assert (await token_for(house, client_id, old)).status_code == 401
        assert (await token_for(house, client_id, new)).status_code == 200
        assert (await rotate(house, client)).status_code == 201
    finally:
        house.clock.ahead = timedelta()


async def test_an_old_secret_can_end_at_once_with_its_tokens(house: House, new_client: NewClient) -> None:
    made = await new_client()
    client_id, old = made["client"]["client_id"], made["client_secret"]
    headers = await signed_in(house, made)
    rotated = (await rotate(house, made["client"], old_good_until=ahead(days=7))).json()
    client = rotated["client"]
    address = f"{API}/clients/{client['id']}/credentials/{client['credentials'][1]['id']}"
    ended = await house.http.delete(address, headers=house.admin | if_match(client["version"]))
    assert (ended.status_code, len(ended.json()["credentials"])) == (200, 1)
    assert (await token_for(house, client_id, old)).status_code == 401
    assert (await house.http.get(f"{API}/units", headers=headers)).status_code == 401
    assert (await token_for(house, client_id, rotated["client_secret"])).status_code == 200
    assert (await house.http.delete(address, headers=house.admin | if_match(3))).status_code == 404

    at_once = (await rotate(house, ended.json(), old_good_until=ahead(seconds=-5))).json()
    assert (await token_for(house, client_id, rotated["client_secret"])).status_code == 401
    assert (await token_for(house, client_id, at_once["client_secret"])).status_code == 200


async def test_an_overlap_is_at_most_seven_days(house: House, new_client: NewClient) -> None:
    client = (await new_client())["client"]
    answer = await rotate(house, client, old_good_until=ahead(days=7, minutes=5))
    assert (answer.status_code, answer.json()["code"]) == (422, "overlap_too_long")


async def test_a_revoked_client_is_out(house: House, new_client: NewClient) -> None:
    made = await new_client()
    address = f"{API}/clients/{made['client']['id']}"
    assert (await house.http.post(f"{address}/revoke", headers=house.admin | if_match(1))).status_code == 200
    assert (await token_for(house, made["client"]["client_id"], made["client_secret"])).status_code == 401
    assert (await rotate(house, made["client"] | {"version": 2})).status_code == 409


async def test_last_use_is_noted_once_a_minute(house: House, new_client: NewClient) -> None:
    made = await new_client()
    address = f"{API}/clients/{made['client']['id']}"

    async def last_use() -> str | None:
        read = (await house.http.get(address, headers=house.admin)).json()
        used: str | None = read["credentials"][0]["last_used_at"]
        return used

    assert await last_use() is None
    await asyncio.gather(*(signed_in(house, made) for _ in range(4)))
    first = await last_use()
    assert first is not None
    await signed_in(house, made)
    assert await last_use() == first
    house.clock.ahead = timedelta(seconds=61)
    try:
        await signed_in(house, made)
    finally:
        house.clock.ahead = timedelta()
    assert (await last_use() or "") > first


KEYS = {
    "EdDSA": OKPKey.generate_key("Ed25519"),
    "ES256": ECKey.generate_key("P-256"),
    "PS256": RSAKey.generate_key(2048),
}


def assertion(
    signing: Any, algorithm: str, client_id: str, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "exp": now + 60,
        "iat": now,
        "jti": uuid.uuid4().hex,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    head = {"alg": algorithm, **(header or {})}
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jwt.encode(head, claims, signing, registry=registry)


async def present(house: House, token: str) -> httpx.Response:
    return await house.token(grant_type="client_credentials", client_assertion_type=JWT_BEARER, client_assertion=token)


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_client_proves_its_key_once_each_time(house: House, new_client: NewClient, algorithm: str) -> None:
    public = KEYS[algorithm].as_dict(private=False)
    made = await new_client(public_key={name: public[name] for name in public if name != "kid"})
    assert made["client_secret"] is None
    client_id = made["client"]["client_id"]
    token = assertion(KEYS[algorithm], algorithm, client_id)
    answers = await asyncio.gather(*(present(house, token) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5
    read = (await house.http.get(f"{API}/clients/{made['client']['id']}", headers=house.admin)).json()
    assert read["credentials"][0]["last_used_at"] is not None
    [row] = await house.rows("SELECT count(*) FROM client_assertion a JOIN api_client c ON c.id = a.api_client_id"
                             " WHERE c.client_id = $1", client_id)  # fmt: skip
    assert row[0] == 1
    house.clock.ahead = timedelta(minutes=7)
    try:
        fresh = assertion(KEYS[algorithm], algorithm, client_id, exp=int(time.time()) + 450)
        assert (await present(house, fresh)).status_code == 200
    finally:
        house.clock.ahead = timedelta()
    assert len(await house.rows("SELECT 1 FROM client_assertion WHERE expires_at < now()")) == 0


async def test_an_assertion_that_is_wrong_in_any_way_gets_the_same_answer(house: House, new_client: NewClient) -> None:
    mine, other = KEYS["EdDSA"], OKPKey.generate_key("Ed25519")
    public = mine.as_dict(private=False)
    client_id = (await new_client(public_key={"kty": "OKP", "crv": "Ed25519", "x": public["x"]}))["client"]["client_id"]
    foreign = (await new_client())["client"]["client_id"]
    now = int(time.time())
    good = assertion(mine, "EdDSA", client_id)
    head, body, signature = good.split(".")
    wrong = {
        "another key": assertion(other, "EdDSA", client_id),
        "HS256 with the public key": assertion(OctKey.import_key(public["x"]), "HS256", client_id),
        "none": assertion(OctKey.import_key("x"), "none", client_id).rstrip(".") + ".AA",
        "ES256 header": assertion(KEYS["ES256"], "ES256", client_id),
        "crit": assertion(mine, "EdDSA", client_id, header={"crit": ["kid"], "kid": "k1"}),
        "jwk in the header": assertion(other, "EdDSA", client_id, header={"jwk": other.as_dict(private=False)}),
        "iss of another": assertion(mine, "EdDSA", client_id, iss=foreign),
        "sub of another": assertion(mine, "EdDSA", client_id, sub=foreign),
        "sub without keys": assertion(mine, "EdDSA", foreign),
        "unknown client": assertion(mine, "EdDSA", "khong-co-ai"),
        "aud of another": assertion(mine, "EdDSA", client_id, aud="nhipcau/other"),
        "aud of two": assertion(mine, "EdDSA", client_id, aud=[ISSUER, "https://other.example"]),
        "aud longer": assertion(mine, "EdDSA", client_id, aud=ISSUER + "x"),
        "no aud": assertion(mine, "EdDSA", client_id, aud=None),
        "no exp": assertion(mine, "EdDSA", client_id, exp=None),
        "past": assertion(mine, "EdDSA", client_id, exp=now - 60),
        "too far": assertion(mine, "EdDSA", client_id, exp=now + 400),
        "exp as text": assertion(mine, "EdDSA", client_id, exp="tomorrow"),
        "exp endless": assertion(mine, "EdDSA", client_id, exp=1e300),
        "not yet": assertion(mine, "EdDSA", client_id, nbf=now + 120),
        "no jti": assertion(mine, "EdDSA", client_id, jti=None),
        "jti a number": assertion(mine, "EdDSA", client_id, jti=12345678),
        "changed claims": f"{head}.{assertion(mine, 'EdDSA', client_id, exp=now + 200).split('.')[1]}.{signature}",
        "flipped": f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "deep": f"{'W1tb' * 500}.{'W1tb' * 1300}.{signature}",
        "not JSON": f"abcd.{body}.{signature}",
    }
    answers = {}
    for name, token in wrong.items():
        answer = await present(house, token)
        answers[name] = (answer.status_code, answer.json()["code"], answer.json()["detail"])
    secret = await token_for(house, client_id, "x")
    expected = (401, "wrong_credentials", secret.json()["detail"])
    assert {name: found for name, found in answers.items() if found != expected} == {}
    assert (await present(house, good)).status_code == 200


@pytest.mark.parametrize(
    "public_key",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"},
        {name: value for name, value in RSAKey.generate_key(1024).as_dict(private=False).items() if name != "kid"},
    ],
)
async def test_a_key_that_is_none_weak_or_private_is_refused(
    house: House, new_client: NewClient, public_key: dict[str, str]
) -> None:
    client = (await new_client())["client"]
    answer = await rotate(house, client, public_key=public_key)
    assert answer.status_code == 422, answer.text


async def test_one_proof_and_not_two(house: House, new_client: NewClient) -> None:
    made = await new_client()
    client_id, secret = made["client"]["client_id"], made["client_secret"]
    token = assertion(KEYS["EdDSA"], "EdDSA", client_id)
    for body in (
        {},
        {"client_id": client_id},
        {"client_secret": secret},
        {"client_id": client_id, "client_secret": secret, "client_assertion": token},
        {"client_assertion": token},
        {"client_id": client_id, "client_secret": secret, "client_assertion_type": JWT_BEARER},
        {"client_assertion": token, "client_assertion_type": "urn:x"},
    ):
        answer = await house.token(grant_type="client_credentials", **body)
        assert answer.status_code == 422, body
