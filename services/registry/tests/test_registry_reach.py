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
