"""The house the tests of targets live in: the registry's facts, people with tokens, and how they call."""

import json
import tempfile
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy import event, text

from devstack.databases import Database as MadeDatabase
from devstack.engines import Engines
from devstack.testing import Issuer, new_secrets
from servicekit.db import Database
from servicekit.service import Runtime
from targets.settings import TargetsSettings

ISSUER = Issuer()
FILES = Path(tempfile.mkdtemp(prefix="targets-evidence-"))
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def organisation_id(name: str) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"organisation:{name}")


CITY = organisation_id("front city")
BOARD = organisation_id("board")
COMMUNES = [organisation_id(f"front {number}") for number in range(103)]
FORMER = organisation_id("front former")
WARD_GOVERNMENT = organisation_id("government 0")


def facts() -> list[dict[str, Any]]:
    """The registry's facts the tests need: one city, its board, 103 commune fronts, one that ended, a rule."""

    def body(key: UUID, kind: str, level: str, *path: UUID, since: str = "2025-07-01", until: str | None = None):
        data = {
            "kind": kind,
            "name": f"{kind} {level} {key}",
            "level": level,
            "unit_id": str(key),
            "unit_code": "31135",
            "parent_id": str(path[0]) if path else None,
            "path": [str(step) for step in (*path, key)],
            "valid_from": since,
            "valid_to": until,
        }
        return {"kind": "organisation", "id": key, "version": 1, "path": [*path, key], "data": data}

    rule = {
        "key": "IND.REPORT_DUE",
        "version": 1,
        "amount": 10,
        "unit": "working_days",
        "direction": "after",
        "anchor": "period_end",
        "basis": None,
        "confidence": "no_legal_figure",
        "valid_from": "2021-01-01",
        "valid_to": None,
    }
    answer_rule = rule | {"key": "IND.DISPUTE_ANSWER", "anchor": "dispute_raised"}
    holiday = {
        "date": "2026-01-01",
        "kind": "holiday",
        "name": "Tết Dương lịch",
        "source": "",
        "confirmed": True,
    }
    return [
        body(CITY, "front_committee", "city", since="2004-01-01"),
        body(BOARD, "mass_mobilisation_board", "city", since="2025-03-01"),
        *(body(key, "front_committee", "commune", CITY) for key in COMMUNES),
        body(FORMER, "front_committee", "commune", CITY, since="2004-01-01", until="2025-06-30"),
        body(WARD_GOVERNMENT, "peoples_committee", "commune", organisation_id("government city")),
        *(
            {"kind": "deadline_rule", "id": uuid.uuid4(), "version": 1, "path": [], "data": one}
            for one in (rule, answer_rule)
        ),
        {"kind": "calendar_day", "id": uuid.uuid4(), "version": 1, "path": [], "data": holiday},
        {
            "kind": "calendar_year",
            "id": uuid.uuid4(),
            "version": 1,
            "path": [],
            "data": {"year": 2026, "confirmed": True, "source": ""},
        },
    ]


@dataclass
class FixedClock:
    """A clock that stands where it was put."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Person:
    """Somebody with a token; `calls` go through the application."""

    client: httpx.AsyncClient
    grants: tuple[tuple[str, UUID], ...]
    id: UUID = field(default_factory=uuid.uuid4)

    @cached_property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {ISSUER.token(*self.grants, subject=self.id)}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/api/v1/targets{path}", params=query, headers=self.headers)

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        etag: str | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = self.headers | ({"If-Match": etag} if etag else {}) | (headers or {})
        if etag is None:
            sent["Idempotency-Key"] = key or str(uuid.uuid4())
        return await self.client.post(f"/api/v1/targets{path}", json=body, headers=sent)

    async def patch(self, path: str, body: Any, *, etag: str) -> httpx.Response:
        return await self.client.patch(f"/api/v1/targets{path}", json=body, headers=self.headers | {"If-Match": etag})

    async def put(self, path: str, body: Any, *, etag: str, **query: Any) -> httpx.Response:
        sent = self.headers | {"If-Match": etag}
        return await self.client.put(f"/api/v1/targets{path}", json=body, headers=sent, params=query)


@dataclass
class House:
    """The running application with its people."""

    app: FastAPI
    client: httpx.AsyncClient
    clock: FixedClock
    runtime: Runtime

    def person(self, *grants: tuple[str, UUID]) -> Person:
        return Person(self.client, grants)


def settings(made: MadeDatabase, engines: Engines, *, worker: bool = False) -> TargetsSettings:
    return TargetsSettings(
        **new_secrets(),
        service_port=8002,
        database_url=made.app_url,
        migration_database_url=made.owner_url,
        nats_url=engines.nats_url("targets"),
        embed_worker=worker,
        database_pool=4,
        files_url=FILES.as_uri(),
    )


def report_body(organisation: UUID, numerator: Any = 740, denominator: Any = 1000, **more: Any) -> dict[str, Any]:
    body = {
        "indicator_code": "TGT-01",
        "period": "2025",
        "organisation_id": str(organisation),
        "numerator": numerator,
        "denominator": denominator,
    }
    return {name: value for name, value in (body | more).items() if value is not ...}


async def submit_one(operator: Person, **more: Any) -> tuple[str, str]:
    """Enter and submit the first commune's report; return its path and ETag."""
    made = await operator.post("/reports", report_body(COMMUNES[0], **more))
    assert made.status_code == 201, made.text
    sent = await operator.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
    assert sent.status_code == 200, sent.text
    return f"/reports/{made.json()['id']}", sent.headers["etag"]


async def approve_one(
    people: tuple[Person, Person, Person], organisation: UUID, numerator: Any, denominator: Any = ..., **more: Any
) -> str:
    """Take a report through all hands (operator, verifier, approver); return its path."""
    operator, verifier, approver = people
    made = await operator.post("/reports", report_body(organisation, numerator, denominator, **more))
    assert made.status_code == 201, made.text
    path, etag = f"/reports/{made.json()['id']}", made.headers["etag"]
    for person, action in ((operator, "submit"), (verifier, "verify"), (approver, "approve")):
        moved = await person.post(f"{path}/{action}", etag=etag)
        assert moved.status_code == 200, moved.text
        etag = moved.headers["etag"]
    return path


_COPY = (
    "INSERT INTO indicator SELECT (jsonb_populate_record(i, CAST(:other AS jsonb))).*"
    " FROM indicator i WHERE i.code = :like"
)


async def add_indicator(database: Database, code: str, *, like: str, **other: Any) -> UUID:
    """Add an indicator like another one, but for the columns named."""
    made = uuid.uuid5(uuid.NAMESPACE_URL, f"indicator:{code}")
    given = {"id": str(made), "code": code, **other}
    async with database.write() as session:
        await session.execute(text(_COPY), {"like": like, "other": json.dumps(given)})
    return made


async def rows(database: Database, query: str, **given: Any) -> list[dict[str, Any]]:
    async with database.read() as session:
        return [dict(row._mapping) for row in await session.execute(text(query), given)]


async def amend_targets(made: MadeDatabase, change: str) -> None:
    """Put target versions as a test needs them, past the trigger that never lets anybody change one."""
    owner = await asyncpg.connect(made.owner_dsn)
    await owner.execute("ALTER TABLE target_version DISABLE TRIGGER versions_stay")
    assert await owner.execute(f"UPDATE target_version SET {change}") != "UPDATE 0"
    await owner.execute("ALTER TABLE target_version ENABLE TRIGGER versions_stay")
    await owner.close()


def day(value: str) -> date:
    return date.fromisoformat(value)


_COUNTING: ContextVar["StatementCount | None"] = ContextVar("counting", default=None)


class StatementCount:
    """Counts what a test's own requests send to PostgreSQL, the transactions' own statements included.

    What the application does by itself meanwhile runs in tasks that were there before, and is not counted.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.statements: list[str] = []

    def __enter__(self) -> "StatementCount":
        for engine in (self._database.write_engine, self._database.read_engine):
            event.listen(engine.sync_engine, "before_cursor_execute", self._note)
            event.listen(engine.sync_engine, "begin", self._begin)
            event.listen(engine.sync_engine, "commit", self._commit)
            event.listen(engine.sync_engine, "rollback", self._commit)
        self._before = _COUNTING.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _COUNTING.reset(self._before)
        for engine in (self._database.write_engine, self._database.read_engine):
            event.remove(engine.sync_engine, "before_cursor_execute", self._note)
            event.remove(engine.sync_engine, "begin", self._begin)
            event.remove(engine.sync_engine, "commit", self._commit)
            event.remove(engine.sync_engine, "rollback", self._commit)

    def _note(self, _: Any, __: Any, statement: str, *rest: Any) -> None:
        self._count(" ".join(statement.split())[:120])

    def _begin(self, connection: Any) -> None:
        self._transaction(connection, "BEGIN")

    def _commit(self, connection: Any) -> None:
        self._transaction(connection, "COMMIT")

    def _transaction(self, connection: Any, statement: str) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":  # there none is sent
            self._count(statement)

    def _count(self, statement: str) -> None:
        if _COUNTING.get() is self:
            self.statements.append(statement)

    def __len__(self) -> int:
        return len(self.statements)
