"""What was answered is committed: the response leaves after the commit, and carries the commit's failure."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import database_errors, problems
from servicekit.clock import Now, SystemClock
from servicekit.db import Database, ReadSession, WriteSession
from servicekit.errors import NotFound
from servicekit.etags import ExpectedVersion
from servicekit.idempotency import Idempotent, TheKey
from servicekit.routes import answers, new_router
from servicekit.text import ApiModel, SafeLine
from servicekit.writes import Write, write_together


class NewThing(ApiModel):
    """What the test's service takes."""

    name: SafeLine


class Waker:
    """Counts how often a commit was announced."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


async def _late_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.runtime.database.write() as session:
        yield session


def build(database: Database) -> FastAPI:
    """A service of one table: `thing(id, version)`; `deferred` breaks a rule that only the commit sees."""
    router = new_router("test", "things")

    @router.post("/things", status_code=201, dependencies=[Idempotent])
    async def create(body: NewThing, session: WriteSession) -> dict[str, str]:
        made = uuid.uuid4()
        await session.execute(text("INSERT INTO thing VALUES (:id, 1)"), {"id": made})
        return {"id": str(made), "name": body.name}

    @router.post("/things-at-once", status_code=201)
    async def create_at_once(body: NewThing, key: TheKey, now: Now, request: Request) -> JSONResponse:
        made = uuid.uuid4()
        response = JSONResponse({"id": str(made), "name": body.name}, status_code=201)
        thing = Write((("thing", "INSERT INTO thing VALUES ($1, 1)"),), (made,))
        await write_together(request.app.state.runtime.database, thing, key.answer_write(response, now))
        return response

    @router.post("/deferred", status_code=201)
    async def break_rule(session: WriteSession) -> dict[str, str]:
        await session.execute(text("INSERT INTO child VALUES (gen_random_uuid(), gen_random_uuid())"))
        return {"stored": "yes"}

    @router.post("/sabotaged", status_code=201)
    async def break_rule_late(session: Annotated[AsyncSession, Depends(_late_session)]) -> dict[str, str]:
        await session.execute(text("INSERT INTO child VALUES (gen_random_uuid(), gen_random_uuid())"))
        return {"stored": "yes"}

    @router.post("/unserialisable", status_code=201)
    async def answer_badly(session: WriteSession) -> Any:
        await session.execute(text("INSERT INTO thing VALUES (gen_random_uuid(), 77)"))
        return {"value": object()}

    @router.post("/refused", **answers(NotFound))
    async def refuse(session: WriteSession) -> None:
        await session.execute(text("INSERT INTO thing VALUES (gen_random_uuid(), 88)"))
        raise NotFound

    @router.post("/writes-while-reading")
    async def write_while_reading(session: ReadSession) -> None:
        await session.execute(text("INSERT INTO thing VALUES (gen_random_uuid(), 99)"))

    @router.get("/expensive")
    async def search(session: ReadSession) -> None:
        await session.execute(text("SELECT pg_sleep(60)"))

    @router.post("/fetched")
    async def fetched() -> dict[str, int]:
        """One statement straight on the driver."""
        return {"one": (await database.fetch("SELECT 1 AS one"))[0]["one"]}

    @router.patch("/things/{thing}")
    async def change(thing: uuid.UUID, version: ExpectedVersion) -> dict[str, int]:
        return {"expected": version}

    app = FastAPI()
    app.include_router(router)
    problems.install(app)
    database_errors.install(app)
    app.state.runtime = SimpleNamespace(database=database, clock=SystemClock(), waker=Waker(), verifier=None)
    return app


@pytest.fixture
async def service(made: SimpleNamespace) -> AsyncIterator[SimpleNamespace]:
    owner = await asyncpg.connect(made.urls.owner_dsn)
    await owner.execute(
        "CREATE TABLE child (id uuid PRIMARY KEY, parent uuid REFERENCES thing DEFERRABLE INITIALLY DEFERRED)"
    )
    app = build(made.database)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1/test") as client:
        yield SimpleNamespace(client=client, owner=owner, app=app)
    await owner.close()


BOTH = ["/things", "/things-at-once"]
"""The key claimed before the work, and the key as part of the one statement that is the work."""


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


async def test_a_commit_that_fails_is_the_answer(service: SimpleNamespace) -> None:
    response = await service.client.post("/deferred")
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert service.app.state.runtime.waker.woken == 0


async def test_the_sabotaged_twin_promises_what_it_did_not_store(service: SimpleNamespace) -> None:
    """Shows that the test above can fail: without scope="function" the commit comes after the 201."""
    response = await service.client.post("/sabotaged")
    assert response.status_code == 201
    assert await service.owner.fetchval("SELECT count(*) FROM child") == 0


async def test_an_answer_that_cannot_be_written_leaves_nothing_behind(service: SimpleNamespace) -> None:
    assert (await service.client.post("/unserialisable")).status_code == 500
    assert await service.owner.fetchval("SELECT count(*) FROM thing WHERE version = 77") == 0


async def test_what_was_refused_is_not_half_stored(service: SimpleNamespace) -> None:
    assert (await service.client.post("/refused")).status_code == 404
    assert await service.owner.fetchval("SELECT count(*) FROM thing") == 0


async def test_postgresql_itself_refuses_a_write_in_a_reading_session(service: SimpleNamespace) -> None:
    response = await service.client.post("/writes-while-reading")
    assert response.status_code >= 500
    assert await service.owner.fetchval("SELECT count(*) FROM thing") == 0


@pytest.mark.parametrize("path", BOTH)
async def test_the_same_key_gives_the_same_thing(service: SimpleNamespace, path: str) -> None:
    headers = key()
    first = await service.client.post(path, json={"name": "đường ngập"}, headers=headers)
    again = await service.client.post(path, json={"name": "đường ngập"}, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await service.owner.fetchval("SELECT count(*) FROM thing") == 1


@pytest.mark.parametrize("path", BOTH)
async def test_fifty_at_once_with_one_key_make_one_row(service: SimpleNamespace, path: str) -> None:
    headers = key()
    responses = await asyncio.gather(
        *[service.client.post(path, json={"name": "một"}, headers=headers) for _ in range(50)]
    )
    assert {response.status_code for response in responses} <= {201, 409, 503}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert await service.owner.fetchval("SELECT count(*) FROM thing") == 1


@pytest.mark.parametrize("path", BOTH)
async def test_another_body_under_the_same_key_is_refused(service: SimpleNamespace, path: str) -> None:
    headers = key()
    await service.client.post(path, json={"name": "một"}, headers=headers)
    other = await service.client.post(path, json={"name": "hai"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("path", BOTH)
async def test_a_refused_request_may_be_sent_again_with_its_key(service: SimpleNamespace, path: str) -> None:
    headers = key()
    assert (await service.client.post(path, json={"name": ""}, headers=headers)).status_code == 422
    assert (await service.client.post(path, json={"name": "nay được"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("path", BOTH)
async def test_a_stored_answer_cannot_be_read_without_the_key(service: SimpleNamespace, path: str) -> None:
    await service.client.post(path, json={"name": "CANARY"}, headers=key())
    row = await service.owner.fetchrow("SELECT * FROM idempotency_key")
    assert b"CANARY" not in b"".join(value for value in row.values() if isinstance(value, bytes))


@pytest.mark.parametrize("sent", [None, "short", "x" * 65, "with space and ünïcode"])
async def test_a_missing_or_malformed_key_is_refused(service: SimpleNamespace, sent: str | None) -> None:
    headers = {} if sent is None else {"Idempotency-Key": sent.encode()}
    response = await service.client.post("/things", json={"name": "một"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (None, 428, "version_required"),
        ("3", 400, "bad_version"),
        ("*", 400, "bad_version"),
        ('W/"3"', 400, "bad_version"),
    ],
)
async def test_a_change_must_name_its_version(
    service: SimpleNamespace, sent: str | None, status: int, code: str
) -> None:
    headers = {} if sent is None else {"If-Match": sent}
    response = await service.client.patch(f"/things/{uuid.uuid4()}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_the_version_of_if_match_reaches_the_action(service: SimpleNamespace) -> None:
    response = await service.client.patch(f"/things/{uuid.uuid4()}", headers={"If-Match": '"3"'})
    assert response.json() == {"expected": 3}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"name": "a", "name": "b"}', {}, 422),
        (b'{"name": NaN}', {}, 422),
        (b'{"name": "a\\u0000b"}', {}, 422),
        (b'{"name": "\\ud800"}', {}, 422),
        (b'{"name": "\xff"}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"[" * 900 + b"]" * 900, {}, 422),
        (b'{"name": "a", "is_admin": true}', {}, 422),
        (b'{"name": 7}', {}, 422),
        (b'{"name": "a"}', {"content-type": "text/plain"}, 415),
        (b'{"name": "a"}', {"content-type": "application/json; charset=utf-16"}, 415),
        (b'{"name": "a"}', {"content-encoding": "gzip"}, 415),
        (b"{'name'", {}, 400),
        (b"", {}, 400),
    ],
)
async def test_unreadable_or_ambiguous_json_is_refused(
    service: SimpleNamespace, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json", **key(), **headers}
    response = await service.client.post("/things", content=body, headers=sent)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert await service.owner.fetchval("SELECT count(*) FROM thing") == 0


async def test_errors_speak_vietnamese_unless_english_is_asked_for(service: SimpleNamespace) -> None:
    path = f"/things/{uuid.uuid4()}"
    vietnamese = await service.client.patch(path)
    english = await service.client.patch(path, headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert "Thiếu If-Match" in vietnamese.json()["detail"]
    assert "If-Match is missing" in english.json()["detail"]


async def test_a_parameter_nobody_knows_is_refused(service: SimpleNamespace) -> None:
    path = f"/things/{uuid.uuid4()}"
    for query in ("sort=id;drop", "sort=pg_sleep(5)", "filter[user.password]=x", "limit=1"):
        response = await service.client.patch(f"{path}?{query}", headers={"If-Match": '"1"'})
        assert (response.status_code, response.json()["code"]) == (422, "unknown_parameter")


async def test_86_statements_that_take_too_long_are_503_and_hold_no_write_up(service: SimpleNamespace) -> None:
    """Each ends after the five seconds of deploy/postgres/roles.sql; who finds no connection is told before."""
    began = time.monotonic()
    searches = [asyncio.create_task(service.client.get("/expensive")) for _ in range(50)]
    await asyncio.sleep(0.5)
    for _ in range(5):
        asked = time.monotonic()
        assert (await service.client.post("/things", json={"name": "một"}, headers=key())).status_code == 201
        assert time.monotonic() - asked < 1
    answered = await asyncio.gather(*searches)
    assert {(one.status_code, one.json()["code"]) for one in answered} == {(503, "unavailable")}
    assert all(int(one.headers["retry-after"]) > 0 for one in answered)
    assert time.monotonic() - began < 10


async def test_a_database_that_is_away_is_an_honest_503(engines: Any, service: SimpleNamespace) -> None:
    """Killed, refusing, starting up: whatever the driver or the pool raises, nobody reads a 500."""
    await engines.kill_postgres()
    seen = set()
    restart = asyncio.create_task(engines.start_postgres())
    while not restart.done() or len(seen) < 2:
        for path in ("/things", "/deferred", "/fetched"):
            response = await service.client.post(path, json={"name": "một"}, headers=key())
            seen.add(response.status_code)
        await asyncio.sleep(0.01)
        if restart.done() and 201 in seen:
            break
    await restart
    assert seen <= {200, 201, 409, 503}
    assert 503 in seen
