"""A role counts at what went whole into its organisation: what a body began is its successor's to finish."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from servicekit.working_days import local_date

from .conftest import API, House, key

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def organisations_in_token(house: House, person: dict[str, Any]) -> set[str]:
    headers = await house.person_headers(person)
    payload = headers["Authorization"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {grant["organisation"] for grant in claims["grants"]}


async def test_an_officer_of_a_new_ward_goes_on_with_what_the_old_wards_began(
    house: House, new_person: NewPerson
) -> None:
    officer = await new_person(code="31135")
    reached = await organisations_in_token(house, officer)
    became = await house.http.get(f"{API}/organisations/{officer['organisation_id']}")
    whole = {one["organisation"]["id"] for one in became.json()["came_from"] if one["kind"] != "SPLIT"}
    split = {one["organisation"]["id"] for one in became.json()["came_from"]} - whole
    assert whole
    assert whole | {officer["organisation_id"]} <= reached
    assert not split & reached


async def test_after_a_new_name_the_old_cases_stay_with_their_people(house: House, new_person: NewPerson) -> None:
    officer = await new_person(code="31120")
    before = officer["organisation_id"]
    day = local_date(house.clock.now())
    renamed = await house.http.post(
        f"{API}/restructurings",
        headers=house.admin | key(),
        json={
            "happened_on": day.isoformat(),
            "legal_basis": "Quyết định đổi tên",
            "changes": [
                {
                    "change": "rename",
                    "of": "organisation",
                    "id": before,
                    "name": "Ủy ban MTTQ phường Cái Khế",
                    "children_follow": True,
                }
            ],
        },
    )
    assert renamed.status_code == 201, renamed.text
    [after] = [one["id"] for one in renamed.json()["started"] if one["kind"] == "front_committee"]
    assert {before, after} <= await organisations_in_token(house, officer)
    me = await house.http.get(f"{API}/me", headers=await house.person_headers(officer))
    assert {grant["organisation_id"] for grant in me.json()["grants"]} == {after}


async def test_what_once_stood_at_the_top_gives_no_say_over_the_house(house: House, new_person: NewPerson) -> None:
    """The provinces' farmers' unions stood at the top until they went into the city's, which stands below the Front."""
    person = await new_person("farmers_union", "92", ("administrator", "auditor"))
    headers = await house.person_headers(person)
    assert len(await organisations_in_token(house, person)) > 1
    year = await house.http.put(
        f"{API}/calendar/years/2033", headers=headers, json={"confirmed": False, "source": "thử"}
    )
    assert (year.status_code, year.json()["code"]) == (403, "house_matter")
    audit = await house.http.get(f"{API}/audit", headers=headers)
    assert (audit.status_code, audit.json()["code"]) == (403, "audit_at_the_top")
