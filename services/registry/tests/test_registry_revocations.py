"""Revoked access: what the house's processes are told, when tokens end by date, and what happens at the same moment."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from registry.actions.end_access import forget_revocations
from registry.domain.token_life import lifetime_seconds
from servicekit.working_days import end_of_day, local_date

from .conftest import API, House, bearer, if_match, key

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def told(house: House, since: str | None = None) -> dict[str, Any]:
    query = {"since": since} if since else {}
    answer = await house.http.get(f"{API}/revocations", params=query, headers=await house.service_headers())
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def log_out(house: House, person: dict[str, Any]) -> None:
    headers = await house.headers(person["username"], person["password"])
    assert (await house.http.post(f"{API}/sessions/logout", headers=headers)).status_code == 204


async def test_only_the_house_is_told(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("administrator", "auditor"))
    headers = await house.person_headers(person)
    assert (await house.http.get(f"{API}/revocations")).status_code == 401
    assert (await house.http.get(f"{API}/revocations", headers=headers)).status_code == 403
    for wrong in ("x", "-1", "9" * 30):
        answer = await house.http.get(
            f"{API}/revocations", params={"since": wrong}, headers=await house.service_headers()
        )
        assert answer.status_code == 422


async def test_a_cursor_brings_what_is_new_and_a_cursor_of_the_future_brings_all(
    house: House, new_person: NewPerson
) -> None:
    first, second = await new_person(), await new_person()
    await log_out(house, first)
    before = await told(house)
    assert first["id"] in [item["subject_id"] for item in before["items"]]
    await log_out(house, second)
    news = await told(house, before["cursor"])
    assert [item["subject_id"] for item in news["items"]] == [second["id"]]
    assert (news["items"][0]["reason"], news["items"][0]["session_id"] is not None) == ("logout", True)
    assert (await told(house, news["cursor"]))["items"] == []
    assert {first["id"], second["id"]} <= {item["subject_id"] for item in (await told(house, "9" * 18))["items"]}


async def test_a_revocation_that_commits_late_is_not_missed(house: House) -> None:
    """Transactions end in another order than they begin; a time as cursor would lose the slow one."""
    slow = await asyncpg.connect(house.dsn)
    subject, insert = (
        uuid.uuid4(),
        (
            "INSERT INTO revocation (subject_id, revoked_at, reason, expires_at)"
            " VALUES ($1, now(), 'locked', now() + interval '12 minutes')"
        ),
    )
    try:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(insert, subject)
        await house.rows(insert, uuid.uuid4())
        cursor = (await told(house))["cursor"]
        await transaction.commit()
        assert str(subject) in [item["subject_id"] for item in (await told(house, cursor))["items"]]
    finally:
        await slow.close()


async def test_a_sign_in_under_way_cannot_slip_past_a_lock(house: House, new_person: NewPerson) -> None:
    """Whoever commits first, no token that was had during the lock is good after it."""
    person = await new_person()
    version = person["version"]
    for _ in range(4):
        sign_ins = [
            house.token(grant_type="password", username=person["username"], password=person["password"])
            for _ in range(3)
        ]
        lock = house.http.post(
            f"{API}/accounts/{person['id']}/lock",
            headers=house.admin | if_match(version),
            json={"reason_code": "left_office"},
        )
        *answers, locked = await asyncio.gather(*sign_ins, lock)
        assert locked.status_code == 200, locked.text
        house.app.state.runtime.verifier.revocations.want()
        for answer in answers:
            if answer.status_code == 200:
                me = await house.http.get(f"{API}/accounts", headers=bearer(answer.json()["access_token"]))
                assert me.status_code == 401
        unlocked = await house.http.post(
            f"{API}/accounts/{person['id']}/unlock", headers=house.admin | if_match(version + 1)
        )
        assert unlocked.status_code == 200
        version += 2
    assert not await house.rows(
        "SELECT 1 FROM sign_in_session WHERE account_id = $1 AND ended_at IS NULL", person["id"]
    )


async def test_a_token_issued_while_the_revocation_waits_is_older_than_it(house: House, new_person: NewPerson) -> None:
    """The moment is taken after the lock was had: a sign-in that holds the account has issued its token by then."""
    person = await new_person()
    holder = await asyncpg.connect(house.dsn, server_settings={"role": "registry_house"})
    try:
        transaction = holder.transaction()
        await transaction.start()
        assert await holder.fetch("SELECT 1 FROM account WHERE id = $1 FOR SHARE", uuid.UUID(person["id"]))
        ending = asyncio.create_task(
            house.http.delete(
                f"{API}/accounts/{person['id']}/roles/{person['grants'][0]['id']}", headers=house.admin | if_match(1)
            )
        )
        await asyncio.sleep(0.4)
        released = datetime.now(UTC)
        await transaction.commit()
        assert (await ending).status_code == 204
    finally:
        await holder.close()
    [row] = await house.rows("SELECT revoked_at FROM revocation WHERE subject_id = $1", person["id"])
    assert row["revoked_at"] >= released


def test_a_token_ends_with_the_day_on_which_a_role_ends() -> None:
    day = date(2026, 11, 30)
    midnight = end_of_day(day)
    assert lifetime_seconds(midnight - timedelta(hours=3), day) == 600
    assert lifetime_seconds(midnight - timedelta(seconds=90), day) == 90
    assert lifetime_seconds(midnight - timedelta(seconds=90), day + timedelta(days=1)) == 600
    assert lifetime_seconds(midnight - timedelta(seconds=90), None) == 600
    assert lifetime_seconds(midnight - timedelta(milliseconds=1), day) == 1


async def test_a_role_or_body_that_ends_today_shortens_the_token(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=())
    today = local_date(house.clock.now())
    organisation = await house.organisation("front_committee")
    role = {"role": "front_officer", "organisation_id": organisation, "valid_to": today.isoformat()}
    made = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
    assert made.status_code == 201
    house.clock.ahead = end_of_day(today) - datetime.now(UTC) - timedelta(seconds=120)
    try:
        body = await house.sign_in(person["username"], person["password"])
        assert 100 < body["expires_in"] <= 120
        refreshed = await house.token(grant_type="refresh_token", refresh_token=body["refresh_token"])
        assert 100 < refreshed.json()["expires_in"] <= 120
    finally:
        house.clock.ahead = timedelta()


async def restructured(house: House, headers: dict[str, str], on: str, **change: Any) -> dict[str, Any]:
    body = {"happened_on": on, "legal_basis": f"QĐ {uuid.uuid4().hex[:8]}", "changes": [change]}
    answer = await house.http.post(f"{API}/restructurings", headers=headers | key(), json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def new_department(house: House, headers: dict[str, str]) -> str:
    parent = {"id": await house.organisation("peoples_committee")}
    new = {"name": f"Phòng {uuid.uuid4().hex[:8]}", "kind": "department", "parent": parent}
    made = await restructured(house, headers, "2026-01-05", change="create", of="organisation", new=new)
    return str(made["started"][0]["id"])


async def handler_of(house: House, department: str, person: dict[str, Any]) -> dict[str, Any]:
    """Give the person a role there; the city's administrator may, whoever administers the department."""
    role = {"role": "handler", "organisation_id": department}
    made = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=role)
    assert made.status_code == 201, made.text
    return person


async def test_a_body_that_ends_today_takes_its_peoples_tokens_along(house: House, new_person: NewPerson) -> None:
    """Also those of people whose account belongs elsewhere, whom who ends the body may not even see."""
    local = await house.person_headers(await new_person("peoples_committee", roles=("administrator",)))
    department = await new_department(house, local)
    inside = await handler_of(house, department, await new_person("peoples_committee"))
    stranger = await handler_of(house, department, await new_person(code="31120"))
    other = await new_person("peoples_committee")
    assert (await house.http.get(f"{API}/accounts/{stranger['id']}", headers=local)).status_code == 404
    tokens = [await house.headers(one["username"], one["password"]) for one in (inside, stranger, other)]
    for headers in tokens:
        assert (await house.http.get(f"{API}/me", headers=headers)).status_code == 200
    tomorrow = (local_date(house.clock.now()) + timedelta(days=1)).isoformat()
    await restructured(house, local, tomorrow, change="dissolve", of="organisation", id=department)
    house.app.state.runtime.verifier.revocations.want()
    answers = [(await house.http.get(f"{API}/me", headers=headers)).status_code for headers in tokens]
    assert answers == [401, 401, 200]
    reasons = "SELECT reason FROM revocation WHERE subject_id = $1"
    assert [row["reason"] for row in await house.rows(reasons, stranger["id"])] == ["organisation_ended"]


async def test_an_end_in_the_future_revokes_nothing_yet(house: House, new_person: NewPerson) -> None:
    department = await new_department(house, house.admin)
    person = await handler_of(house, department, await new_person())
    headers = await house.headers(person["username"], person["password"])
    later = (local_date(house.clock.now()) + timedelta(days=2)).isoformat()
    await restructured(house, house.admin, later, change="dissolve", of="organisation", id=department)
    house.app.state.runtime.verifier.revocations.want()
    assert (await house.http.get(f"{API}/me", headers=headers)).status_code == 200


async def test_revocations_are_forgotten_when_their_tokens_are_dead(house: House, new_person: NewPerson) -> None:
    person = await new_person()
    await log_out(house, person)
    mine = "SELECT 1 FROM revocation WHERE subject_id = $1"
    database = house.app.state.runtime.database
    for later, left in ((timedelta(minutes=10), 1), (timedelta(minutes=12), 0)):
        async with database.write() as session:
            await forget_revocations(session, datetime.now(UTC) + later)
        assert len(await house.rows(mine, person["id"])) == left
