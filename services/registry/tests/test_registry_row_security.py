"""The second wall: what PostgreSQL itself shows of the registry's rows, whatever a statement forgets to ask."""

import base64
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from registry.app import SERVICE
from servicekit.identity import Actor, Grant
from servicekit.row_scope import PUBLIC, Scope, scope_of_actor

from .conftest import API, House, bearer, key

NewPerson = Callable[..., Awaitable[dict[str, Any]]]
HELD = {
    "account": "id",
    "role_grant": "id",
    "api_client": "id",
    "access_code": "account_id",
    "api_client_credential": "api_client_id",
    "identity_provider": "id",
    "sign_in_session": "account_id",
    "recovery_code": "account_id",
    "foreign_identity": "account_id",
}
"""Protected tables, and the column that says what or whose a row is."""


def scope_of(headers: dict[str, str]) -> Scope:
    """The scope of a request with this token, read from its claims."""
    part = headers["Authorization"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    grants = tuple(Grant(one["role"], uuid.UUID(one["organisation"])) for one in claims["grants"])
    actor = Actor(claims["kind"], uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"]), grants)
    return scope_of_actor(actor, SERVICE.groups)


async def found(house: House, scope: Scope | None) -> dict[str, set[str]]:
    """What a plain SELECT of every table finds for whom the scope is of; None is the house."""
    async with house.app.state.runtime.database.read(scope) as session:
        return {
            table: {str(one) for one in await session.scalars(text(f"SELECT {column} FROM {table}"))}
            for table, column in HELD.items()
        }


async def listed(house: House, headers: dict[str, str], noun: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page; nothing for who may not list."""
    items: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        answer = await house.http.get(f"{API}/{noun}", headers=headers, params=query)
        if answer.status_code == 403:
            return []
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return items
        query["cursor"] = answer.json()["next_cursor"]


@pytest.fixture
async def filled(house: House, new_person: NewPerson) -> dict[str, dict[str, Any]]:
    """People, systems and providers of two communes and of the city, some with roles in another place."""
    people = {
        "here_administrator": await new_person(roles=("administrator",)),
        "here": await new_person(roles=("intake_officer",)),
        "there_administrator": await new_person(code="31120", roles=("administrator",)),
        "there": await new_person(code="31120", roles=("head",)),
        "committee_administrator": await new_person("peoples_committee", roles=("administrator", "handler")),
        "auditor": await new_person(code="92", roles=("auditor",)),
    }
    here = await house.organisation("front_committee")
    role = {"role": "front_officer", "organisation_id": here}
    address = f"{API}/accounts/{people['there']['id']}/roles"
    assert (await house.http.post(address, headers=house.admin | key(), json=role)).status_code == 201
    for code in ("31135", "31120"):
        place = await house.organisation("front_committee", code)
        for noun, body in (("clients", client_at(place)), ("identity-providers", provider_at(place))):
            made = await house.http.post(f"{API}/{noun}", headers=house.admin | key(), json=body)
            assert made.status_code == 201, made.text
            if noun == "clients":
                people[f"client_{code}"] = made.json()
    return people


def client_at(place: str) -> dict[str, Any]:
    return {
        "client_id": f"c{uuid.uuid4().hex[:10]}",
        "name": "Hệ thống thử",
        "organisation_id": place,
        "scopes": ["registry.list_accounts"],
    }


def provider_at(place: str, **changes: Any) -> dict[str, Any]:
    own = uuid.uuid4().hex[:8]
    return {
        "key": f"nha-{own}",
        "organisation_id": place,
        "name": "Định danh thử",
        "issuer": f"https://{own}.example",
        "client_id": "x",
        "auth_method": "client_secret_post",
        "client_secret": "bí-mật-của-nhà".encode().hex(),
        "redirect_uris": ["https://nhipcau.example/back"],
        "scopes": ["openid"],
        "claims": {},
        "role": None,
        "creates_accounts": False,
        **changes,
    }


async def test_without_its_filter_a_read_finds_exactly_what_the_api_shows(
    house: House, filled: dict[str, dict[str, Any]]
) -> None:
    everybody = {name: await house.person_headers(one) for name, one in filled.items() if "username" in one}
    for name in ("client_31135", "client_31120"):
        proof = {"client_id": filled[name]["client"]["client_id"], "client_secret": filled[name]["client_secret"]}
        answer = await house.token(grant_type="client_credentials", **proof)
        everybody[name] = bearer(answer.json()["access_token"])
    everything = await found(house, None)
    sizes = {}
    for name, headers in (everybody | {"quantri": house.admin}).items():
        me = (await house.http.get(f"{API}/me", headers=headers)).json()
        accounts, clients = await listed(house, headers, "accounts"), await listed(house, headers, "clients")
        held = {one["id"] for holder in (*accounts, *clients) for one in holder["grants"]}
        column = "account_id" if me["kind"] == "person" else "api_client_id"
        own_roles = await house.rows(f"SELECT id FROM role_grant WHERE {column} = $1", me["id"])
        people = {one["id"] for one in accounts} | ({me["id"]} if me["kind"] == "person" else set())
        systems = {one["id"] for one in clients} | ({me["id"]} if me["kind"] == "client" else set())
        seen = await found(house, scope_of(headers))
        assert seen["account"] == people, name
        assert seen["api_client"] == systems, name
        assert seen["role_grant"] == held | {str(row["id"]) for row in own_roles}, name
        assert seen["identity_provider"] == {one["id"] for one in await listed(house, headers, "identity-providers")}
        for table in ("access_code", "sign_in_session", "recovery_code", "foreign_identity"):
            assert seen[table] == everything[table] & people, (name, table)
        assert seen["api_client_credential"] == everything["api_client_credential"] & systems, name
        assert seen["api_client_credential"] >= {one["id"] for one in clients if one["credentials"]}, name
        sizes[name] = len(people), len(seen["identity_provider"])
    assert sizes["quantri"][0] == len(everything["account"])
    assert sizes["here"] == sizes["auditor"] == (1, 0)
    assert sizes["client_31135"] == (0, 0)
    assert 2 <= sizes["here_administrator"][0] < len(everything["account"])
    assert sizes["here_administrator"][1] >= 1
    assert sizes["there_administrator"][1] >= 1
    assert filled["there"]["id"] not in (await found(house, scope_of(everybody["here_administrator"])))["account"]


async def test_nobody_sees_nothing(house: House, filled: dict[str, dict[str, Any]]) -> None:
    nothing: dict[str, set[str]] = {table: set() for table in HELD}
    assert await found(house, PUBLIC) == nothing
    assert await found(house, scope_of_actor(None, SERVICE.groups)) == nothing
    stranger = Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant("administrator", uuid.uuid4()),))
    assert await found(house, scope_of_actor(stranger, SERVICE.groups)) == nothing
    async with house.app.state.runtime.database.read_facts() as session:
        assert (await session.scalars(text("SELECT id FROM account"))).all() == []


async def test_no_row_of_others_can_be_changed_added_or_removed(
    house: House, filled: dict[str, dict[str, Any]]
) -> None:
    database = house.app.state.runtime.database
    mine = scope_of(await house.person_headers(filled["here_administrator"]))
    other, own = filled["there"]["id"], filled["here_administrator"]["id"]
    system = filled["client_31120"]["client"]["id"]
    there = await house.organisation("front_committee", "31120")
    for statement in (
        f"UPDATE account SET status = 'locked' WHERE id = '{other}'",
        f"UPDATE role_grant SET ended_at = now() WHERE account_id = '{other}'",
        f"UPDATE api_client SET status = 'revoked' WHERE id = '{system}'",
        f"UPDATE api_client_credential SET expires_at = now() WHERE api_client_id = '{system}'",
        f"UPDATE identity_provider SET status = 'disabled' WHERE organisation_id = '{there}'",
        f"UPDATE sign_in_session SET ended_at = now() WHERE account_id = '{other}'",
        f"UPDATE access_code SET used_at = NULL WHERE account_id = '{other}'",
        f"DELETE FROM recovery_code WHERE account_id = '{other}'",
    ):
        async with database.write(mine) as session:
            assert (await session.execute(text(statement))).rowcount == 0, statement
    grant = "INSERT INTO role_grant (id, account_id, role, organisation_id, valid_from, created_at) VALUES"
    city = await house.organisation("front_committee", "92")
    for statement in (
        f"{grant} (gen_random_uuid(), '{own}', 'administrator', '{city}', now(), now())",
        f"{grant} (gen_random_uuid(), '{other}', 'head', '{filled['here']['organisation_id']}', now(), now())",
        f"INSERT INTO access_code (code_hash, account_id, purpose, issued_by, issued_at, expires_at)"
        f" VALUES ('x', '{other}', 'recovery', '{own}', now(), now())",
        f"UPDATE account SET organisation_id = '{there}' WHERE id = '{filled['here']['id']}'",
        f"SELECT follow_successor('{there}', '{filled['here']['organisation_id']}', current_date, now())",
        "INSERT INTO sign_in_session (id, account_id, created_at, last_used_at, expires_at)"
        f" VALUES (gen_random_uuid(), '{own}', now(), now(), now())",
        "DELETE FROM account",
        "DELETE FROM role_grant",
        "SELECT 1 FROM sign_in_throttle",
        "SELECT 1 FROM foreign_sign_in",
        "SELECT 1 FROM client_assertion",
        "SELECT 1 FROM outbox",
        "SELECT 1 FROM audit_entry",
    ):
        with pytest.raises(Exception, match=r"permission denied|row-level security|insufficient_privilege"):
            async with database.write(mine) as session:
                await session.execute(text(statement))


async def test_a_name_taken_where_one_sees_nothing_is_taken(house: House, filled: dict[str, dict[str, Any]]) -> None:
    """Names are one for the whole house; that a name is taken is all there is to learn."""
    mine = await house.person_headers(filled["here_administrator"])
    here = await house.organisation("front_committee")
    account = {"username": filled["there"]["username"], "name": "Người Khác", "organisation_id": here}
    client = client_at(here) | {"client_id": filled["client_31120"]["client"]["client_id"]}
    for noun, body in (
        ("accounts", account),
        ("clients", client),
    ):
        answer = await house.http.post(f"{API}/{noun}", headers=mine | key(), json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_exists"), answer.text
