"""`POST /setup`: the house as one file says, the difference shown, twice is once, all of it or nothing."""

import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from .conftest import API, House, key

EXAMPLE = Path(__file__).resolve().parents[3] / "docs/operating/setup-example.yaml"
FRONT = {"kind": "front_committee", "unit_code": "31135"}
COMMITTEE = {"kind": "peoples_committee", "unit_code": "31135"}
NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def apply(
    house: House, document: dict[str, Any], *, dry_run: bool = False, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await house.http.post(
        f"{API}/setup",
        params={"dry_run": str(dry_run).lower()},
        json=document,
        headers=(headers or house.admin) | key(),
    )


async def applied(house: House, document: dict[str, Any], *, dry_run: bool = False) -> list[dict[str, Any]]:
    answer = await apply(house, document, dry_run=dry_run)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["dry_run"] is dry_run
    changes: list[dict[str, Any]] = body["changes"]
    return changes


def person(**changes: Any) -> dict[str, Any]:
    given = {
        "username": f"p{uuid.uuid4().hex[:10]}",
        "name": "Trần Thị Thử",
        "organisation": FRONT,
        "roles": [{"role": "intake_officer"}],
    }
    return given | changes


async def account(house: House, username: str) -> dict[str, Any] | None:
    listed = await house.http.get(f"{API}/accounts", headers=house.admin, params={"limit": "100"})
    return next((one for one in listed.json()["items"] if one["username"] == username), None)


def held(one: dict[str, Any]) -> set[str]:
    return {grant["role"] for grant in one["grants"] if grant["ended_at"] is None}


async def test_the_example_does_what_it_says_and_a_second_time_nothing(house: House) -> None:
    document = json.loads(json.dumps(yaml.safe_load(EXAMPLE.read_text()), default=str))
    shown = await applied(house, document, dry_run=True)
    assert {one["kind"] for one in shown} <= {"add", "change"}
    assert all(one["shown_once"] == {} for one in shown)
    done = await applied(house, document)
    assert [(one["section"], one["key"], one["kind"]) for one in done] == [
        (one["section"], one["key"], one["kind"]) for one in shown
    ]
    assert {one["section"] for one in done} == {
        "departments", "people", "clients", "calendar.years", "calendar.days", "rules",
    }  # fmt: skip
    again = await applied(house, document)
    assert {one["kind"] for one in again} == {"same"}
    assert all(one["differences"] == [] and one["shown_once"] == {} for one in again)


async def test_a_dry_run_stores_nothing_and_leaves_the_key_free(house: House) -> None:
    one = person()
    headers = house.admin | key()
    for dry, kind in ((True, "add"), (False, "add")):
        answer = await house.http.post(
            f"{API}/setup", params={"dry_run": str(dry).lower()}, json={"people": [one]}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        assert [change["kind"] for change in answer.json()["changes"]] == [kind]
        assert ((await account(house, one["username"])) is None) is dry


async def test_a_new_person_is_invited_and_takes_it_up(house: House) -> None:
    one = person()
    [change] = await applied(house, {"people": [one]})
    password = f"một câu rất riêng của {one['username']}"
    assert (await house.use_code(change["shown_once"]["invitation_code"], password)).status_code == 204
    assert (await house.sign_in(one["username"], password))["access_token"]
    text = json.dumps(change["differences"])
    assert "Trần" not in text


async def test_a_listed_person_has_exactly_the_listed_roles(house: House) -> None:
    one = person(roles=[{"role": "intake_officer"}, {"role": "handler", "at": COMMITTEE}])
    await applied(house, {"people": [one]})
    one |= {"roles": [{"role": "handler", "at": COMMITTEE, "until": "2030-12-31"}, {"role": "auditor"}]}
    [change] = await applied(house, {"people": [one]})
    assert {(each["before"], each["after"]) for each in change["differences"]} == {
        (None, "auditor at front_committee@31135"),
        (None, "handler at peoples_committee@31135 until 2030-12-31"),
        ("handler at peoples_committee@31135", None),
        ("intake_officer at front_committee@31135", None),
    }
    found = await account_row(house, one)
    assert held(found) == {"handler", "auditor"}
    assert [grant["valid_to"] for grant in found["grants"] if grant["role"] == "handler" and not grant["ended_at"]] == [
        "2030-12-31"
    ]
    one |= {"roles": [], "locked": True, "name": "Trần Thị Khác"}
    await applied(house, {"people": [one]})
    found = await account_row(house, one)
    assert (held(found), found["status"], found["name"]) == (set(), "locked", "Trần Thị Khác")


async def account_row(house: House, one: dict[str, Any]) -> dict[str, Any]:
    found = await account(house, one["username"])
    assert found is not None
    return found


async def test_a_listed_client_may_call_exactly_what_is_listed(house: House) -> None:
    one = {
        "client_id": f"s{uuid.uuid4().hex[:10]}",
        "name": "Hệ thống một cửa",
        "organisation": COMMITTEE,
        "scopes": ["webhooks.register", "webhooks.event_types"],
    }
    [change] = await applied(house, {"clients": [one]})
    credentials = {"client_id": one["client_id"], "client_secret": change["shown_once"]["client_secret"]}
    assert (await house.token(grant_type="client_credentials", **credentials)).status_code == 200
    [change] = await applied(house, {"clients": [one | {"scopes": ["webhooks.register"]}]})
    assert change["differences"] == [{"name": "scope", "before": "webhooks.event_types", "after": None}]
    refused = await apply(house, {"clients": [one | {"scopes": ["webhooks.nothing"]}]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_operation")


async def test_one_wrong_entry_refuses_all(house: House) -> None:
    good, nowhere = person(), person(organisation={"kind": "front_committee", "unit_code": "99999"})
    refused = await apply(house, {"people": [good, nowhere]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_organisation")
    assert [one["field"] for one in refused.json()["errors"]] == ["body.people.1.organisation"]
    assert await account(house, good["username"]) is None


@pytest.mark.parametrize("document", [{"people": [{"password": "x"}]}, {"nonsense": []}, {"people": "x"}])
async def test_what_no_file_may_say(house: House, document: dict[str, Any]) -> None:
    assert (await apply(house, document)).status_code == 422


async def test_an_administrator_of_a_commune_sets_up_only_there(house: House, new_person: NewPerson) -> None:
    admin = await new_person(roles=("administrator",))
    headers = await house.person_headers(admin)
    assert (await apply(house, {"people": [person()]}, headers=headers)).status_code == 200
    elsewhere = await apply(house, {"people": [person(organisation=COMMITTEE)]}, headers=headers)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "outside_your_organisations")
    year = {"year": 2031, "confirmed": False, "source": "thử"}
    calendar = await apply(house, {"years": [year]}, headers=headers)
    assert (calendar.status_code, calendar.json()["code"]) == (403, "house_matter")
    own = person(username=admin["username"], roles=[{"role": "administrator"}, {"role": "head"}])
    themselves = await apply(house, {"people": [own]}, headers=headers)
    assert (themselves.status_code, themselves.json()["code"]) == (403, "own_account")
