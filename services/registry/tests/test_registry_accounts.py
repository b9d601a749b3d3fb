"""Accounts, roles and clients: who may do what, versions, idempotency, and what the other services are told."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from .conftest import API, House, bearer, if_match, key

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def account_body(house: House, **changes: Any) -> dict[str, Any]:
    username = f"u{uuid.uuid4().hex[:10]}"
    return {
        "username": username,
        "name": "Trần Văn Ví Dụ",
        "organisation_id": await house.organisation("front_committee"),
    } | changes


async def test_create_read_and_list(house: House) -> None:
    body = await account_body(house)
    made = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=body)
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    account = made.json()["account"]
    assert (account["status"], account["password_set_at"]) == ("invited", None)
    read = await house.http.get(made.headers["location"], headers=house.admin)
    assert read.json() == account
    page = await house.http.get(
        f"{API}/accounts", headers=house.admin, params={"organisation_id": body["organisation_id"]}
    )
    assert account in page.json()["items"]
    assert await house.statements(lambda: house.http.get(made.headers["location"], headers=house.admin)) <= 3
    assert await house.statements(lambda: house.http.get(f"{API}/accounts", headers=house.admin)) <= 4


async def test_the_same_request_twice_makes_one_account(house: House) -> None:
    body, headers = await account_body(house), house.admin | key()
    first = await house.http.post(f"{API}/accounts", headers=headers, json=body)
    again = await house.http.post(f"{API}/accounts", headers=headers, json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await house.http.post(f"{API}/accounts", headers=headers, json=body | {"name": "Người Khác"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    missing = await house.http.post(f"{API}/accounts", headers=house.admin, json=body)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_required")
    twice = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=body)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")


@pytest.mark.parametrize(
    "password,code",
    [
        ("ngắn quá", "password_short"),
        ("123456789012345", "password_common"),
        ("Correct Horse Battery Staple", "password_common"),
        ("abababababababab", "password_repeated"),
    ],
)
async def test_weak_passwords_are_refused(house: House, password: str, code: str) -> None:
    made = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=await account_body(house))
    answer = await house.use_code(made.json()["code"], password)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code
    assert password not in answer.text


async def test_only_administrators_and_only_below_them(house: House, new_person: NewPerson) -> None:
    officer = await new_person()
    headers = await house.person_headers(officer)
    answer = await house.http.post(f"{API}/accounts", headers=headers | key(), json=await account_body(house))
    assert answer.status_code == 403
    local = await new_person(roles=("administrator",))
    headers = await house.person_headers(local)
    inside = await house.http.post(f"{API}/accounts", headers=headers | key(), json=await account_body(house))
    assert inside.status_code == 201
    for kind, code in (("front_committee", "31120"), ("front_committee", "92"), ("peoples_committee", "31135")):
        elsewhere = await account_body(house, organisation_id=await house.organisation(kind, code))
        answer = await house.http.post(f"{API}/accounts", headers=headers | key(), json=elsewhere)
        assert (answer.status_code, answer.json()["code"]) == (403, "outside_your_organisations")
        role = {"role": "head", "organisation_id": elsewhere["organisation_id"]}
        answer = await house.http.post(
            f"{API}/accounts/{inside.json()['account']['id']}/roles", headers=headers | key(), json=role
        )
        assert answer.status_code == 403
    stranger = await new_person(code="31120")
    assert (await house.http.get(f"{API}/accounts/{stranger['id']}", headers=headers)).status_code == 404
    answer = await house.http.post(
        f"{API}/accounts/{stranger['id']}/lock",
        headers=headers | if_match(1),
        json={"reason_code": "left_office"},
    )
    assert answer.status_code == 404
    listed = (await house.http.get(f"{API}/accounts", headers=headers)).json()["items"]
    assert stranger["id"] not in [item["id"] for item in listed]


async def test_organisations_that_ended_take_no_accounts(house: House) -> None:
    [former] = await house.rows(
        "SELECT o.id FROM organisation o JOIN unit u ON u.id = o.unit_id"
        " WHERE u.code = '31135' AND o.kind = 'front_committee' AND o.valid_to IS NOT NULL"
    )
    body = await account_body(house, organisation_id=str(former["id"]))
    answer = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_organisation")


async def test_a_role_counts_from_the_next_token_and_ending_it_is_told(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=())
    organisation = await house.organisation("peoples_committee")
    role = {"role": "handler", "organisation_id": organisation}
    added = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    again = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
    assert again.status_code == 409

    async def roles() -> list[str]:
        token = (await house.sign_in(person["username"], person["password"]))["access_token"]
        me = (await house.http.get(f"{API}/me", headers=bearer(token))).json()
        return [grant["role"] for grant in me["grants"]]

    assert await roles() == ["handler"]
    address = f"{API}/accounts/{person['id']}/roles/{added.json()['id']}"
    assert (await house.http.delete(address, headers=house.admin)).status_code == 428
    assert (await house.http.delete(address, headers=house.admin | if_match(7))).status_code == 412
    assert (await house.http.delete(address, headers=house.admin | if_match(1))).status_code == 204
    assert (await house.http.delete(address, headers=house.admin | if_match(1))).status_code == 404
    assert await roles() == []
    revoked = await house.rows("SELECT session_id, reason FROM revocation WHERE subject_id = $1", person["id"])
    assert [tuple(row) for row in revoked] == [(None, "role_ended")]
    regranted = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
    assert regranted.status_code == 201


async def test_roles_have_dates(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=())
    organisation = await house.organisation("front_committee")
    tomorrow = (house.clock.now() + timedelta(days=2)).date().isoformat()
    yesterday = (house.clock.now() - timedelta(days=1)).date().isoformat()
    for span in ({"valid_from": tomorrow}, {"valid_from": "2026-01-01", "valid_to": "2026-01-31"}):
        role = {"role": "front_officer", "organisation_id": organisation} | span
        answer = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
        assert answer.status_code == 201, answer.text
    body = await house.sign_in(person["username"], person["password"])
    me = (await house.http.get(f"{API}/me", headers=bearer(body["access_token"]))).json()
    assert me["grants"] == []
    role = {"role": "head", "organisation_id": organisation, "valid_from": tomorrow, "valid_to": yesterday}
    answer = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
    assert answer.status_code == 422


@pytest.mark.parametrize("role", ["service", "integrating_system", "root"])
async def test_roles_of_the_house_are_not_given_to_people(house: House, new_person: NewPerson, role: str) -> None:
    person = await new_person()
    body = {"role": role, "organisation_id": await house.organisation("front_committee")}
    answer = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=body)
    assert answer.status_code == 422


async def test_lock_ends_everything_and_unlock_lets_in_again(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    signed_in = await house.sign_in(person["username"], person["password"])
    address = f"{API}/accounts/{person['id']}"
    reason = {"reason_code": "left_office"}
    assert (await house.http.post(f"{address}/lock", headers=house.admin, json=reason)).status_code == 428
    stale = await house.http.post(f"{address}/lock", headers=house.admin | if_match(9), json=reason)
    assert stale.status_code == 412
    locked = await house.http.post(f"{address}/lock", headers=house.admin | if_match(2), json=reason)
    assert (locked.status_code, locked.json()["status"], locked.headers["etag"]) == (200, "locked", '"3"')
    twice = await house.http.post(f"{address}/lock", headers=house.admin | if_match(3), json=reason)
    assert twice.status_code == 409
    refused = await house.token(grant_type="refresh_token", refresh_token=signed_in["refresh_token"])
    assert refused.status_code == 401
    wrong = await house.token(grant_type="password", username=person["username"], password=person["password"])
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    me = await house.http.get(f"{API}/me", headers=bearer(signed_in["access_token"]))
    assert me.status_code == 401
    unlocked = await house.http.post(f"{address}/unlock", headers=house.admin | if_match(3))
    assert unlocked.json()["status"] == "active"
    assert (await house.sign_in(person["username"], person["password"]))["access_token"]
    audited = await house.rows(
        "SELECT action, reason FROM audit_entry WHERE subject_id = $1 AND action LIKE 'account.%' ORDER BY id",
        person["id"],
    )
    assert [tuple(row) for row in audited] == [
        ("account.created", None),
        ("account.invitation_issued", None),
        ("account.password_set", None),
        ("account.invitation_used", None),
        ("account.read", "administration"),
        ("account.locked", "left_office"),
        ("account.unlocked", None),
    ]


async def test_passwords_can_be_changed(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    headers = await house.headers(person["username"], person["password"])
    new = "một câu mật khẩu mới tinh"
    wrong = await house.http.post(
        f"{API}/me/password", headers=headers, json={"current_password": "không phải", "password": new}
    )
    assert wrong.status_code == 401
    done = await house.http.post(
        f"{API}/me/password", headers=headers, json={"current_password": person["password"], "password": new}
    )
    assert done.status_code == 204
    assert (await house.sign_in(person["username"], new))["access_token"]


async def test_a_local_administrator_cannot_take_over_a_wider_role(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    city = await house.organisation("front_committee", "92")
    await house.http.post(
        f"{API}/accounts/{person['id']}/roles",
        headers=house.admin | key(),
        json={"role": "head", "organisation_id": city},
    )
    local = await new_person(roles=("administrator",))
    headers = await house.person_headers(local)
    address = f"{API}/accounts/{person['id']}"
    for method, path in (("POST", "recovery"), ("POST", "invitation"), ("DELETE", "second-factor")):
        answer = await house.http.request(method, f"{address}/{path}", headers=headers | if_match(person["version"]))
        assert (answer.status_code, answer.json()["code"]) == (403, "outside_your_organisations"), path


async def test_nobody_decides_on_the_own_account(house: House, new_person: NewPerson) -> None:
    local = await new_person(roles=("administrator",))
    headers = await house.person_headers(local)
    own = f"{API}/accounts/{local['id']}"
    organisation = local["organisation_id"]
    for answer in (
        await house.http.post(
            f"{own}/roles", headers=headers | key(), json={"role": "approver", "organisation_id": organisation}
        ),
        await house.http.post(f"{own}/lock", headers=headers | if_match(1), json={"reason_code": "x"}),
        await house.http.post(f"{own}/unlock", headers=headers | if_match(1)),
        await house.http.post(f"{own}/recovery", headers=headers | if_match(1)),
        await house.http.delete(f"{own}/second-factor", headers=headers | if_match(1)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "own_account")
    colleague = await new_person(roles=("administrator",))
    second = await house.person_headers(colleague)
    granted = await house.http.post(
        f"{own}/roles", headers=second | key(), json={"role": "head", "organisation_id": organisation}
    )
    assert granted.status_code == 201
    with pytest.raises(asyncpg.CheckViolationError, match="not_to_oneself"):
        await house.rows("UPDATE role_grant SET granted_by = account_id WHERE account_id = $1", uuid.UUID(local["id"]))


async def test_what_holds_for_everybody_is_decided_at_the_top(house: House, new_person: NewPerson) -> None:
    local = await new_person(roles=("administrator",))
    headers = await house.person_headers(local)
    day = {"kind": "holiday", "name": "Nghỉ riêng", "source": "tự đặt", "confirmed": True}
    for address, body in (("calendar/2027-03-04", day), ("calendar/years/2028", {"confirmed": True, "source": "x"})):
        answer = await house.http.put(f"{API}/{address}", headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "house_matter")


async def test_the_audit_is_read_by_the_city_s_auditor(house: House, new_person: NewPerson) -> None:
    city = await new_person(code="92", roles=("auditor",))
    local = await new_person(roles=("auditor", "data_protection_officer"))
    officer = await new_person(code="92", roles=("head", "administrator"))
    locked = await house.http.post(
        f"{API}/accounts/{local['id']}/lock",
        headers=house.admin | if_match(local["version"]),
        json={"reason_code": "left"},
    )
    assert locked.status_code == 200
    headers = await house.person_headers(city)
    listed = await house.http.get(
        f"{API}/audit", headers=headers, params={"subject_id": local["id"], "action": "account.locked"}
    )
    assert listed.status_code == 200, listed.text
    [entry] = listed.json()["items"]
    assert (entry["action"], entry["reason"], entry["subject_id"]) == ("account.locked", "left", local["id"])
    assert await house.statements(lambda: house.http.get(f"{API}/audit", headers=headers)) <= 4
    first = (await house.http.get(f"{API}/audit", headers=headers, params={"limit": 2})).json()
    rest = (
        await house.http.get(f"{API}/audit", headers=headers, params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    moments = [one["at"] for one in first["items"] + rest["items"]]
    assert moments == sorted(moments, reverse=True)
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 4
    other = await house.http.get(f"{API}/audit", headers=await house.person_headers(officer))
    assert other.status_code == 403


async def test_an_auditor_below_the_city_does_not_read_the_whole_audit(house: House, new_person: NewPerson) -> None:
    local = await new_person(roles=("auditor", "data_protection_officer"))
    headers = await house.person_headers(local)
    answer = await house.http.get(f"{API}/audit", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "audit_at_the_top")


async def test_the_first_administrator_belongs_to_the_settings(house: House) -> None:
    [row] = await house.rows("SELECT id, version FROM account WHERE username = 'quantri'")
    address = f"{API}/accounts/{row['id']}"
    answer = await house.http.post(
        f"{address}/lock", headers=house.admin | if_match(row["version"]), json={"reason_code": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "managed_by_settings")


async def test_the_houses_own_clients_are_not_touched_here(house: House) -> None:
    [row] = await house.rows("SELECT id, version FROM api_client WHERE client_id = 'targets'")
    answer = await house.http.post(
        f"{API}/clients/{row['id']}/credentials", headers=house.admin | key() | if_match(row["version"]), json={}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "managed_by_settings")
