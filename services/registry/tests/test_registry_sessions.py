"""Sessions listed and ended, by their person and by administrators; what is over is forgotten."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from registry.jobs import JOBS

from .conftest import API, House, bearer, if_match

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def sessions(house: House, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await house.http.get(f"{API}/me/sessions", headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def refresh(house: House, session: dict[str, Any]) -> int:
    return (await house.token(grant_type="refresh_token", refresh_token=session["refresh_token"])).status_code


async def test_a_person_sees_the_own_sessions_and_which_is_this_one(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("head",))
    first = await house.sign_in(person["username"], person["password"], person["secret"])
    second = await house.sign_in(person["username"], person["password"], person["secret"])
    listed = await sessions(house, bearer(second["access_token"]))
    assert [one["present"] for one in listed] == [True, False, False]
    assert all(one["second_factor"] for one in listed)
    assert set(listed[0]) == {"id", "started_at", "last_used_at", "expires_at", "second_factor", "present"}
    assert [one["present"] for one in await sessions(house, bearer(first["access_token"]))] == [False, True, False]
    headers = bearer(second["access_token"])
    assert await house.statements(lambda: house.http.get(f"{API}/me/sessions", headers=headers)) <= 3
    columns = await house.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'sign_in_session'"
    )
    assert not [row[0] for row in columns if "address" in row[0] or "agent" in row[0] or "ip" in row[0].split("_")]


async def test_ending_one_session_leaves_the_others(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    lost, kept = [await house.sign_in(person["username"], person["password"]) for _ in range(2)]
    headers = bearer(kept["access_token"])
    [other] = [one for one in await sessions(house, headers) if not one["present"]]
    assert (await house.http.delete(f"{API}/me/sessions/{other['id']}", headers=headers)).status_code == 204
    assert await refresh(house, lost) == 401
    assert await refresh(house, kept) == 200
    me = await house.http.get(f"{API}/me", headers=bearer(lost["access_token"]))
    assert me.status_code == 401


async def test_nobody_ends_somebody_elses_session(house: House, new_person: NewPerson) -> None:
    person, stranger = await new_person(), await new_person()
    session = await house.sign_in(person["username"], person["password"])
    [own] = await sessions(house, bearer(session["access_token"]))
    headers = await house.person_headers(stranger)
    for unknown in (own["id"], str(uuid.uuid4())):
        answer = await house.http.delete(f"{API}/me/sessions/{unknown}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await refresh(house, session) == 200


async def test_ending_all_others_keeps_this_one(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    first, second, here = [await house.sign_in(person["username"], person["password"]) for _ in range(3)]
    done = await house.http.post(f"{API}/me/sessions/end-others", headers=bearer(here["access_token"]))
    assert done.status_code == 204
    assert [await refresh(house, one) for one in (first, second, here)] == [401, 401, 200]
    audited = await house.rows(
        "SELECT reason FROM audit_entry WHERE subject_id = $1 AND action = 'session.ended'", person["id"]
    )
    assert [row["reason"] for row in audited] == ["ended_by_owner"]


async def test_administrators_end_all_sessions_of_an_account_they_look_after(
    house: House, new_person: NewPerson
) -> None:
    person = await new_person(code="31120")
    session = await house.sign_in(person["username"], person["password"])
    address = f"{API}/accounts/{person['id']}/sessions/end"
    local = await house.person_headers(await new_person(roles=("administrator",)))
    assert (await house.http.post(address, headers=local | if_match(person["version"]))).status_code == 404
    assert (await house.http.post(address, headers=house.admin)).status_code == 428
    done = await house.http.post(address, headers=house.admin | if_match(person["version"]))
    assert (done.status_code, done.json()["version"]) == (200, person["version"] + 1)
    assert await refresh(house, session) == 401
    assert (await house.sign_in(person["username"], person["password"]))["access_token"]


async def test_what_is_over_is_forgotten_and_nothing_else(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    ended, open_one = [await house.sign_in(person["username"], person["password"]) for _ in range(2)]
    await house.http.post(f"{API}/sessions/logout", headers=bearer(ended["access_token"]))
    await house.token(grant_type="password", username="ai-do", password="sai")
    count = (
        "SELECT (SELECT count(*) FROM sign_in_session WHERE account_id = $1),"
        " (SELECT count(*) FROM access_code WHERE account_id = $1), (SELECT count(*) FROM sign_in_throttle)"
    )
    runtime = house.app.state.runtime

    async def left_after(days: int) -> list[int]:
        for job in JOBS:
            await job.run(runtime.database, runtime, house.clock.now() + timedelta(days=days))
        return list((await house.rows(count, person["id"]))[0])

    assert (await left_after(0))[:2] == [2, 1]
    assert await left_after(3) == [2, 1, 0]
    await house.rows(
        "UPDATE sign_in_session SET expires_at = expires_at + interval '30 days'"
        " WHERE account_id = $1 AND ended_at IS NULL",
        person["id"],
    )
    assert (await left_after(34))[:2] == [1, 0]
    assert await refresh(house, open_one) == 200
