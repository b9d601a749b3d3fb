"""Invitation and recovery: who gets in with a code, and that an expired, used or replaced one opens nothing."""

import asyncio
import unicodedata
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from .conftest import API, House, bearer, if_match, key

NewPerson = Callable[..., Awaitable[dict[str, Any]]]
PASSWORD = "dưới bóng dừa xanh bà ngoại kể chuyện con cò lội bờ ao mỗi chiều"


async def invite(house: House) -> dict[str, Any]:
    username = f"u{uuid.uuid4().hex[:10]}"
    body = {"username": username, "name": "Lê Văn Mời", "organisation_id": await house.organisation("front_committee")}
    answer = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def issue(house: House, account: dict[str, Any], purpose: str, version: int) -> dict[str, Any]:
    address = f"{API}/accounts/{account['id']}/{purpose}"
    answer = await house.http.post(address, headers=house.admin | if_match(version))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


async def test_a_person_accepts_the_invitation_with_a_password_of_their_own(house: House) -> None:
    made = await invite(house)
    account, code = made["account"], made["code"]
    assert (account["status"], account["password_set_at"]) == ("invited", None)
    before = await house.token(grant_type="password", username=account["username"], password=PASSWORD)
    assert (before.status_code, before.json()["code"]) == (401, "wrong_credentials")
    assert (await house.use_code(code, unicodedata.normalize("NFD", PASSWORD))).status_code == 204
    assert (await house.sign_in(account["username"], PASSWORD))["access_token"]
    read = (await house.http.get(f"{API}/accounts/{account['id']}", headers=house.admin)).json()
    assert read["status"] == "active"
    again = await house.use_code(code, PASSWORD + " nữa")
    assert (again.status_code, again.json()["code"]) == (401, "code_not_usable")


async def test_nobody_chooses_a_password_for_somebody_else(house: House) -> None:
    body = {
        "username": f"u{uuid.uuid4().hex[:10]}",
        "name": "Lê Văn Mời",
        "organisation_id": await house.organisation("front_committee"),
        "password": PASSWORD,
    }
    answer = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=body)
    assert answer.status_code == 422
    account = (await invite(house))["account"]
    address = f"{API}/accounts/{account['id']}/password"
    answer = await house.http.post(address, headers=house.admin | if_match(1), json={"password": PASSWORD})
    assert answer.status_code == 404


async def test_codes_are_stored_as_hashes_only(house: House) -> None:
    made = await invite(house)
    for table in ("access_code", "account", "audit_entry", "outbox", "idempotency_key"):
        for row in await house.rows(f"SELECT {table}::text AS line FROM {table}"):
            assert made["code"] not in row["line"]
            assert made["code"].encode().hex() not in row["line"]
    [row] = await house.rows("SELECT code_hash FROM access_code WHERE account_id = $1", made["account"]["id"])
    assert len(row["code_hash"]) == 32
    assert len(made["code"]) == 43  # 256 bits


@pytest.mark.parametrize("purpose,hours", [("invitation", 72), ("recovery", 1)])
async def test_an_expired_code_opens_nothing_on_any_path(
    house: House, new_person: NewPerson, purpose: str, hours: int
) -> None:
    if purpose == "invitation":
        made = await invite(house)
    else:
        person = await new_person()
        made = await issue(house, person, "recovery", person["version"])
    account, code = made["account"], made["code"]
    house.clock.ahead = timedelta(hours=hours, seconds=1)
    try:
        answer = await house.use_code(code, PASSWORD)
        assert (answer.status_code, answer.json()["code"]) == (401, "code_not_usable")
        for body in (
            {"grant_type": "password", "username": account["username"], "password": code},
            {"grant_type": "password", "username": account["username"], "password": code, "recovery_code": code[:20]},
            {"grant_type": "refresh_token", "refresh_token": code},
            {"grant_type": "client_credentials", "client_id": account["username"], "client_secret": code},
        ):
            body = {name: value.replace("_", "-") if name == "recovery_code" else value for name, value in body.items()}
            assert (await house.token(**body)).status_code == 401
        if purpose == "invitation":  # and no recovery code can be had for an account that was never taken up
            address = f"{API}/accounts/{account['id']}/recovery"
            refused = await house.http.post(address, headers=house.admin | if_match(account["version"]))
            assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    finally:
        house.clock.ahead = timedelta()
    [row] = await house.rows("SELECT used_at FROM access_code WHERE account_id = $1 AND purpose = $2",
                             account["id"], purpose)  # fmt: skip
    assert row["used_at"] is None
    assert (await house.use_code(code, PASSWORD)).status_code == 204, "it was the time and nothing else"


async def test_another_invitation_ends_the_one_before(house: House) -> None:
    first = await invite(house)
    account = first["account"]
    second = await issue(house, account, "invitation", 1)
    repeated = await house.http.post(f"{API}/accounts/{account['id']}/invitation", headers=house.admin | if_match(1))
    assert repeated.status_code == 412
    assert (await house.use_code(first["code"], PASSWORD)).json()["code"] == "code_not_usable"
    assert (await house.use_code(second["code"], PASSWORD)).status_code == 204
    late = await house.http.post(f"{API}/accounts/{account['id']}/invitation", headers=house.admin | if_match(3))
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


async def test_a_locked_account_cannot_use_its_code(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    recovery = await issue(house, person, "recovery", person["version"])
    invited = await invite(house)
    for made in (recovery, invited):
        address, version = f"{API}/accounts/{made['account']['id']}", made["account"]["version"]
        locked = await house.http.post(
            f"{address}/lock", headers=house.admin | if_match(version), json={"reason_code": "left_office"}
        )
        assert locked.status_code == 200
        answer = await house.use_code(made["code"], PASSWORD)
        assert (answer.status_code, answer.json()["code"]) == (401, "code_not_usable")
        unlocked = await house.http.post(f"{address}/unlock", headers=house.admin | if_match(version + 1))
        assert unlocked.json()["status"] == made["account"]["status"]
        assert (await house.use_code(made["code"], PASSWORD)).status_code == 204


@pytest.mark.parametrize("purpose", ["invitation", "recovery"])
async def test_of_many_uses_of_one_code_at_once_one_succeeds(house: House, new_person: NewPerson, purpose: str) -> None:
    if purpose == "invitation":
        made = await invite(house)
    else:
        person = await new_person()
        made = await issue(house, person, "recovery", person["version"])
    answers = await asyncio.gather(*(house.use_code(made["code"], f"{PASSWORD} {number}") for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [204] + [401] * 7
    [winner] = [number for number, answer in enumerate(answers) if answer.status_code == 204]
    assert (await house.sign_in(made["account"]["username"], f"{PASSWORD} {winner}"))["access_token"]


async def test_recovery_ends_sessions_lifts_the_wait_and_keeps_the_second_factor(
    house: House, new_person: NewPerson
) -> None:
    person = await new_person(roles=("head",))
    session = await house.sign_in(person["username"], person["password"], person["secret"])
    for _ in range(5):
        await house.token(grant_type="password", username=person["username"], password="sai")
    made = await issue(house, person, "recovery", person["version"])
    assert (await house.use_code(made["code"], PASSWORD)).status_code == 204
    stale = await house.token(grant_type="refresh_token", refresh_token=session["refresh_token"])
    assert stale.status_code == 401
    me = await house.http.get(f"{API}/me", headers=bearer(session["access_token"]))
    assert me.status_code == 401
    without = await house.token(grant_type="password", username=person["username"], password=PASSWORD)
    assert (without.status_code, without.json()["code"]) == (401, "second_factor_required")
    assert (await house.sign_in(person["username"], PASSWORD, person["secret"]))["withheld_roles"] == []
    audited = await house.rows("SELECT action FROM audit_entry WHERE subject_id = $1 ORDER BY id", person["id"])
    actions = [row["action"] for row in audited]
    assert "account.recovery_issued" in actions
    assert "account.recovery_used" in actions


async def test_a_weak_password_does_not_use_the_code_up(house: House) -> None:
    made = await invite(house)
    for weak, code in (
        ("ngắn quá", "password_short"),
        ("Correct Horse Battery Staple", "password_common"),
        ("Lê Văn Mời " + made["account"]["username"], "password_own_name"),
        ("phường Ninh Kiều 2026", "password_own_name"),
    ):
        answer = await house.use_code(made["code"], weak)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert (await house.use_code(made["code"], PASSWORD)).status_code == 204


async def test_quantri_is_recovered_by_the_settings_only(house: House) -> None:
    [row] = await house.rows("SELECT id, version FROM account WHERE username = 'quantri'")
    for method, path in (("POST", "recovery"), ("DELETE", "second-factor"), ("POST", "sessions/end")):
        answer = await house.http.request(
            method, f"{API}/accounts/{row['id']}/{path}", headers=house.admin | if_match(row["version"])
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "managed_by_settings"), path
