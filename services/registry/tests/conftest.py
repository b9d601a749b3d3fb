"""Real PostgreSQL and NATS, a migrated template database, and the application on a copy of it."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from devstack.credentials import new_key, new_keyring, new_signing_key
from devstack.databases import Database
from devstack.engines import Engines
from registry.app import create_app
from registry.passwords import PasswordHasher
from registry.settings import RegistrySettings
from servicekit import migrations, web

ADMIN_PASSWORD = "mật khẩu quản trị dùng để thử"
CLIENT_SECRET = "targets-secret-0123456789abcdef"
API = "/api/v1/registry"


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    made = Engines().start_now()
    try:
        yield made
    finally:
        made.stop_now()


@pytest.fixture(scope="session")
async def template(engines: Engines) -> Database:
    made = await engines.create_database("registry_migrated", service="registry")
    await asyncio.to_thread(migrations.upgrade, "registry", made.owner_url)
    return made


@pytest.fixture(scope="module")
async def database(engines: Engines, template: Database) -> AsyncIterator[Database]:
    name = f"registry_{uuid.uuid4().hex[:8]}"
    yield await engines.create_database(name, service="registry", template=template.name)
    await engines.drop_database(name)


@pytest.fixture(scope="module")
def settings(engines: Engines, database: Database) -> RegistrySettings:
    return make_settings(engines, database)


def make_settings(engines: Engines, database: Database, **changes: Any) -> RegistrySettings:
    values: dict[str, Any] = {
        "deployment": "test",
        "service_port": 8001,
        "database_url": database.app_url,
        "nats_url": engines.nats_url("registry"),
        "registry_url": "http://127.0.0.1:1",
        "client_secret": "unused",
        "keyring": new_keyring(),
        "index_key": new_key(),
        "signing_key": new_signing_key(),
        "client_secrets": json.dumps({"targets": CLIENT_SECRET, "feedback": CLIENT_SECRET[::-1]}),
        "admin_password": ADMIN_PASSWORD,
        "log_format": "json",
    }
    return RegistrySettings(**(values | changes))


class MovableClock:
    """The machine's clock plus what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """The running application, and what a test asks of it."""

    app: FastAPI
    http: httpx.AsyncClient
    dsn: str
    clock: MovableClock
    admin: dict[str, str]

    async def token(self, **body: str) -> httpx.Response:
        return await self.http.post(f"{API}/tokens", json=body)

    async def sign_in(self, username: str, password: str) -> dict[str, Any]:
        answer = await self.token(grant_type="password", username=username, password=password)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def headers(self, username: str, password: str) -> dict[str, str]:
        return bearer((await self.sign_in(username, password))["access_token"])

    async def service_headers(self) -> dict[str, str]:
        answer = await self.token(grant_type="client_credentials", client_id="targets", client_secret=CLIENT_SECRET)
        return bearer(answer.json()["access_token"])

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn, server_settings={"role": "registry_house"})
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def organisation(self, kind: str, code: str = "31135") -> str:
        found = await self.rows(
            "SELECT o.id FROM organisation o JOIN unit u ON u.id = o.unit_id"
            " WHERE o.kind = $1 AND u.code = $2 AND o.valid_to IS NULL",
            kind,
            code,
        )
        return str(found[0]["id"])

    async def statements(self, call: Callable[[], Awaitable[httpx.Response]]) -> int:
        """Count the statements of one request, transaction control not included."""
        seen: list[str] = []

        def note(*arguments: Any) -> None:
            seen.append(arguments[2])

        database = self.app.state.runtime.database
        listened = (database.read_engine.sync_engine, database.write_engine.sync_engine)
        for engine in listened:
            event.listen(engine, "before_cursor_execute", note)
        try:
            answer = await call()
        finally:
            for engine in listened:
                event.remove(engine, "before_cursor_execute", note)
        assert answer.status_code < 300, answer.text
        return len(seen)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def if_match(version: int | str) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


@asynccontextmanager
async def running_house(settings: RegistrySettings, dsn: str) -> AsyncIterator[House]:
    app = create_app(settings)
    clock = MovableClock()
    app.state.runtime.clock = clock
    async with web.running(app.state.runtime, with_worker=False):
        app.state.runtime.parts["passwords"] = PasswordHasher(memory_kib=64, rounds=1)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as http:
            house = House(app, http, dsn, clock, {})
            house.admin = await house.headers("quantri", ADMIN_PASSWORD)
            yield house


@pytest.fixture(scope="module")
async def house(settings: RegistrySettings, database: Database) -> AsyncIterator[House]:
    async with running_house(settings, database.app_dsn) as made:
        yield made


@pytest.fixture
async def new_person(house: House) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Make an account; returns its answer with `password` added."""

    async def make(
        kind: str = "front_committee", code: str = "31135", roles: tuple[str, ...] = ("front_officer",)
    ) -> dict[str, Any]:
        organisation = await house.organisation(kind, code)
        username = f"u{uuid.uuid4().hex[:10]}"
        password = f"câu mật khẩu riêng của {username}"
        answer = await house.http.post(
            f"{API}/accounts",
            headers=house.admin | key(),
            json={
                "username": username,
                "name": "Nguyễn Thị Thử",
                "password": password,
                "organisation_id": organisation,
                "roles": [{"role": role, "organisation_id": organisation} for role in roles],
            },
        )
        assert answer.status_code == 201, answer.text
        return {**answer.json(), "password": password}

    return make
