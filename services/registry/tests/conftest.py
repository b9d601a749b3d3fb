"""Real PostgreSQL and NATS, a migrated template database, and the application on a copy of it."""

import asyncio
import json
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pyotp import TOTP, random_base32
from sqlalchemy import event

from devstack.credentials import new_key, new_keyring, new_signing_key
from devstack.databases import Database
from devstack.engines import Engines
from registry.app import create_app
from registry.domain.roles import DECIDING
from registry.passwords import PasswordHasher
from registry.settings import RegistrySettings
from servicekit import migrations, web

ADMIN_PASSWORD = "mật khẩu quản trị dùng để thử"
ADMIN_TOTP_SECRET = random_base32()
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
        "signing_key_file": signing_key_file(),
        "client_secrets": json.dumps({"targets": CLIENT_SECRET, "feedback": CLIENT_SECRET[::-1]}),
        "admin_password": ADMIN_PASSWORD,
        "admin_totp_secret": ADMIN_TOTP_SECRET,
        "log_format": "json",
    }
    return RegistrySettings(**(values | changes))


def signing_key_file() -> Path:
    """A file of its own with a new key."""
    handle, name = tempfile.mkstemp(prefix="signing-key-")
    with os.fdopen(handle, "w") as file:
        file.write(new_signing_key())
    return Path(name)


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

    async def token(self, bucket: str | None = None, **body: str) -> httpx.Response:
        """Ask for a token, from another network each time unless one is named."""
        headers = {"x-client-bucket": bucket or uuid.uuid4().hex}
        return await self.http.post(f"{API}/tokens", json=body, headers=headers)

    async def sign_in(self, username: str, password: str, secret: str | None = None) -> dict[str, Any]:
        more = {"totp": await self.unused_code(username, secret)} if secret else {}
        answer = await self.token(grant_type="password", username=username, password=password, **more)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def unused_code(self, username: str, secret: str) -> str:
        """The present code, as if none was used before: tests sign in more often than every half minute."""
        await self.rows("UPDATE account SET totp_last_step = NULL WHERE username = $1", username)
        return TOTP(secret).at(self.clock.now())

    async def headers(self, username: str, password: str, secret: str | None = None) -> dict[str, str]:
        return bearer((await self.sign_in(username, password, secret))["access_token"])

    async def person_headers(self, person: dict[str, Any]) -> dict[str, str]:
        """Sign a person of `new_person` in, with the second factor if there is one."""
        return await self.headers(person["username"], person["password"], person.get("secret"))

    async def use_code(self, code: str, password: str) -> httpx.Response:
        headers = {"x-client-bucket": uuid.uuid4().hex}
        return await self.http.post(f"{API}/passwords", json={"code": code, "password": password}, headers=headers)

    async def enrol(self, headers: dict[str, str], password: str, **proof: str) -> tuple[str, list[str]]:
        """Enrol an authenticator app; returns its secret and the recovery codes."""
        begun = await self.http.post(f"{API}/me/totp", headers=headers, json={"current_password": password, **proof})
        assert begun.status_code == 200, begun.text
        secret = begun.json()["secret"]
        code = TOTP(secret).at(self.clock.now())
        done = await self.http.post(f"{API}/me/totp/confirm", headers=headers, json={"totp": code})
        assert done.status_code == 200, done.text
        return secret, done.json()["recovery_codes"]

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
            house.admin = await house.headers("quantri", ADMIN_PASSWORD, ADMIN_TOTP_SECRET)
            yield house


@pytest.fixture(scope="module")
async def house(settings: RegistrySettings, database: Database) -> AsyncIterator[House]:
    async with running_house(settings, database.app_dsn) as made:
        yield made


@pytest.fixture
async def new_person(house: House) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Make an account whose person accepted the invitation; returns its answer with `password` added.

    Who holds a role that decides is enrolled too (`secret`, `recovery_codes`), unless told not to be.
    """

    async def make(
        kind: str = "front_committee",
        code: str = "31135",
        roles: tuple[str, ...] = ("intake_officer",),
        *,
        enrolled: bool | None = None,
    ) -> dict[str, Any]:
        organisation = await house.organisation(kind, code)
        username = f"u{uuid.uuid4().hex[:10]}"
        password = f"câu riêng chẳng ai đoán của {username}"
        answer = await house.http.post(
            f"{API}/accounts",
            headers=house.admin | key(),
            json={
                "username": username,
                "name": "Nguyễn Thị Thử",
                "organisation_id": organisation,
                "roles": [{"role": role, "organisation_id": organisation} for role in roles],
            },
        )
        assert answer.status_code == 201, answer.text
        accepted = await house.use_code(answer.json()["code"], password)
        assert accepted.status_code == 204, accepted.text
        person = {"password": password}
        if enrolled if enrolled is not None else not DECIDING.keys().isdisjoint(roles):
            headers = await house.headers(username, password)
            secret, recovery_codes = await house.enrol(headers, password)
            person |= {"secret": secret, "recovery_codes": recovery_codes}
        read = await house.http.get(answer.headers["location"], headers=house.admin)
        return {**read.json(), **person}

    return make
