"""Sign-in, refresh with reuse detection, throttling, client credentials, keys, sign-out."""

import asyncio
import time
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from devstack.databases import Database
from devstack.engines import Engines
from devstack.testing import nothing_revoked
from registry.passwords import PasswordHasher
from registry.settings import RegistrySettings
from servicekit.errors import Unauthenticated
from servicekit.identity import TokenVerifier
from servicekit.revocations import Revocations
from servicekit.token_times import TOKENS_LIVE_SECONDS

from .conftest import ADMIN_PASSWORD, ADMIN_TOTP_SECRET, API, CLIENT_SECRET, House, bearer, make_settings, running_house

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def test_a_token_carries_the_roles_of_today(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    body = await house.sign_in(person["username"], person["password"])
    assert (body["token_type"], body["expires_in"]) == ("Bearer", TOKENS_LIVE_SECONDS)
    me = (await house.http.get(f"{API}/me", headers=bearer(body["access_token"]))).json()
    assert me["name"] == "Nguyễn Thị Thử"
    assert [(grant["role"], grant["organisation_name"]) for grant in me["grants"]] == [
        ("intake_officer", "Ủy ban Mặt trận Tổ quốc Việt Nam phường Ninh Kiều")
    ]


async def test_services_verify_the_token_with_the_published_keys(house: House) -> None:
    async def fetch() -> dict[str, Any]:
        keys: dict[str, Any] = (await house.http.get(f"{API}/jwks.json")).json()
        assert set(keys["keys"][0]) == {"kty", "crv", "x", "kid", "use", "alg"}
        return keys

    token = (await house.sign_in("quantri", ADMIN_PASSWORD, ADMIN_TOTP_SECRET))["access_token"]
    revocations = Revocations(nothing_revoked)
    actor = await TokenVerifier(fetch, issuer="nhipcau/test", revocations=revocations).verify(token)
    assert actor.kind == "person"
    assert actor.has_role("administrator")
    with pytest.raises(Unauthenticated):
        await TokenVerifier(fetch, issuer="nhipcau/other", revocations=revocations).verify(token)


async def test_unknown_name_and_wrong_password_get_the_same_answer(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    wrong = await house.token(grant_type="password", username=person["username"], password="sai mật khẩu rồi")
    unknown = await house.token(grant_type="password", username="khong-co-ai", password="sai mật khẩu rồi")
    assert wrong.status_code == unknown.status_code == 401
    left, right = wrong.json(), unknown.json()
    left.pop("request_id", None)
    right.pop("request_id", None)
    assert left == right
    assert left["code"] == "wrong_credentials"


async def test_a_missing_account_costs_a_hash_too() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("một câu mật khẩu đủ dài")
    await hasher.verify("x", None)
    spent: dict[str, float] = {}
    for name, value in (("known", stored), ("unknown", None)):
        started = time.process_time()
        for _ in range(4):
            assert not await hasher.verify("sai rồi", value)
        spent[name] = time.process_time() - started
    assert 0.5 < spent["unknown"] / spent["known"] < 2


async def test_composed_and_decomposed_passwords_are_one(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    answer = await house.token(
        grant_type="password",
        username=person["username"].upper(),
        password=unicodedata.normalize("NFD", person["password"]),
    )
    assert answer.status_code == 200


async def test_the_sixth_try_waits_even_with_the_right_password(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    for username in (person["username"], "khong-co-ai-khac"):
        answers = await asyncio.gather(
            *(house.token(grant_type="password", username=username, password="sai") for _ in range(12))
        )
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7
    blocked = await house.token(grant_type="password", username=person["username"], password=person["password"])
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["retry-after"]) <= 15 * 60
    house.clock.ahead = timedelta(minutes=16)
    try:
        assert (await house.sign_in(person["username"], person["password"]))["access_token"]
    finally:
        house.clock.ahead = timedelta()
    assert not await house.rows("SELECT 1 FROM sign_in_throttle WHERE blocks > 1")


async def test_throttle_rows_hold_no_names(house: House) -> None:
    await house.token(grant_type="password", username="ten-rieng-tu", password="sai")
    for row in await house.rows("SELECT * FROM sign_in_throttle"):
        assert b"ten-rieng-tu" not in row["key_hash"]


async def refresh(house: House, token: str) -> httpx.Response:
    return await house.token(grant_type="refresh_token", refresh_token=token)


async def test_a_refresh_token_is_good_once_and_reuse_ends_the_family(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    first = (await house.sign_in(person["username"], person["password"]))["refresh_token"]
    answer = await refresh(house, first)
    assert answer.status_code == 200
    second = answer.json()["refresh_token"]
    assert second != first
    third = (await refresh(house, second)).json()["refresh_token"]
    assert (await refresh(house, first)).status_code == 401
    assert (await refresh(house, third)).status_code == 401
    revoked = "SELECT session_id IS NOT NULL, reason FROM revocation WHERE subject_id = $1"
    assert [tuple(row) for row in await house.rows(revoked, person["id"])] == [(True, "token_reuse")]
    assert (await refresh(house, first)).status_code == 401
    assert len(await house.rows(revoked, person["id"])) == 1


async def test_two_refreshes_at_once_cannot_both_win(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    token = (await house.sign_in(person["username"], person["password"]))["refresh_token"]
    answers = await asyncio.gather(*(refresh(house, token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers)[:2] == [200, 401]


async def test_a_refresh_token_dies_when_it_lies_unused(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    token = (await house.sign_in(person["username"], person["password"]))["refresh_token"]
    house.clock.ahead = timedelta(hours=13)
    try:
        assert (await refresh(house, token)).status_code == 401
    finally:
        house.clock.ahead = timedelta()


async def test_sign_out_ends_the_session(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    body = await house.sign_in(person["username"], person["password"])
    headers = bearer(body["access_token"])
    assert (await house.http.post(f"{API}/sessions/logout", headers=headers)).status_code == 204
    assert (await refresh(house, body["refresh_token"])).status_code == 401
    audited = await house.rows("SELECT action FROM audit_entry WHERE subject_id = $1 ORDER BY id", person["id"])
    assert [row["action"] for row in audited] == [
        "account.created",
        "account.invitation_issued",
        "account.password_set",
        "account.invitation_used",
        "account.read",
        "session.started",
        "session.ended",
    ]


async def test_clients_get_tokens_for_their_secret(house: House) -> None:
    headers = await house.service_headers()
    me = (await house.http.get(f"{API}/me", headers=headers)).json()
    assert (me["kind"], me["username"]) == ("client", "targets")
    assert [(grant["role"], grant["organisation_name"]) for grant in me["grants"]] == [
        ("service", "Ủy ban Mặt trận Tổ quốc Việt Nam thành phố Cần Thơ")
    ]
    for client, secret in (("targets", CLIENT_SECRET + "x"), ("nobody", CLIENT_SECRET)):
        answer = await house.token(grant_type="client_credentials", client_id=client, client_secret=secret)
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")


@pytest.mark.parametrize(
    "body",
    [
        {"grant_type": "implicit"},
        {"grant_type": "password", "username": "a"},
        {"grant_type": "password", "username": "a", "password": "b", "is_admin": True},
        {"grant_type": "password", "username": "a\x00", "password": "b"},
        {"grant_type": "password", "username": 5, "password": "b"},
        {"grant_type": "refresh_token", "refresh_token": "a b"},
        {"grant_type": "refresh_token", "refresh_token": "x" * 201},
        [],
    ],
)
async def test_malformed_requests_are_refused(house: House, body: Any) -> None:
    answer = await house.http.post(f"{API}/tokens", json=body)
    assert answer.status_code == 422
    assert "input" not in answer.text


async def test_nothing_secret_is_stored_in_plain(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    token = (await house.sign_in(person["username"], person["password"]))["refresh_token"]
    for table in (
        "account",
        "api_client",
        "api_client_credential",
        "refresh_token",
        "sign_in_session",
        "idempotency_key",
        "outbox",
        "audit_entry",
    ):
        for row in await house.rows(f"SELECT {table}::text AS line FROM {table}"):
            for secret in (person["password"], token, CLIENT_SECRET, ADMIN_PASSWORD, "Nguyễn Thị Thử"):
                assert secret not in row["line"]


async def test_starting_again_changes_nothing_and_a_new_password_takes_effect(
    engines: Engines, database: Database, settings: RegistrySettings, house: House
) -> None:
    grants = "SELECT count(*) FROM role_grant g JOIN account a ON a.id = g.account_id WHERE a.username = 'quantri'"
    version = "SELECT version FROM account WHERE username = 'quantri'"
    before = [(await house.rows(query))[0][0] for query in (grants, version)]
    assert before[0] == 4
    async with running_house(settings, database.app_dsn):
        pass
    assert [(await house.rows(query))[0][0] for query in (grants, version)] == before
    changed = settings.model_copy(
        update={"admin_password": type(settings.admin_password)("một mật khẩu quản trị khác hẳn")}
    )
    with pytest.raises(AssertionError, match="wrong_credentials"):
        async with running_house(changed, database.app_dsn):  # signs in with the old one
            pass
    async with running_house(settings, database.app_dsn):
        pass
    house.app.state.runtime.verifier.revocations.want()
    assert (await house.http.get(f"{API}/me", headers=house.admin)).status_code == 401, "a new password ends sessions"
    house.admin = await house.headers("quantri", ADMIN_PASSWORD, ADMIN_TOTP_SECRET)


async def test_a_weak_administrator_password_stops_the_start(engines: Engines, database: Database) -> None:
    with pytest.raises(ValueError, match="ADMIN_PASSWORD"):
        async with running_house(make_settings(engines, database, admin_password="admin"), database.app_dsn):
            pass


async def test_revoked_tokens_are_refused_here_at_once_and_new_ones_are_good(
    house: House, new_person: NewPerson
) -> None:
    person = await new_person()
    old = bearer((await house.sign_in(person["username"], person["password"]))["access_token"])
    other = bearer((await house.sign_in(person["username"], person["password"]))["access_token"])
    assert (await house.http.post(f"{API}/sessions/logout", headers=old)).status_code == 204
    answer = await house.http.get(f"{API}/me", headers=old)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert (await house.http.get(f"{API}/me", headers=other)).status_code == 200
    new = bearer((await house.sign_in(person["username"], person["password"]))["access_token"])
    assert (await house.http.get(f"{API}/me", headers=new)).status_code == 200


async def test_an_administrator_who_loses_the_role_stops_at_once(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("administrator",))
    headers = await house.person_headers(person)
    assert (await house.http.get(f"{API}/accounts", headers=headers)).status_code == 200
    grant = person["grants"][0]
    ended = await house.http.delete(
        f"{API}/accounts/{person['id']}/roles/{grant['id']}", headers=house.admin | {"If-Match": '"1"'}
    )
    assert ended.status_code == 204
    assert (await house.http.get(f"{API}/accounts", headers=headers)).status_code == 401
    again = await house.person_headers(person)
    assert (await house.http.get(f"{API}/accounts", headers=again)).status_code == 403
