"""Real engines, a migrated template, and the application with tokens of a key of its own."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from devstack.databases import Database as MadeDatabase
from devstack.engines import Engines
from servicekit import migrations
from servicekit.db import Database
from servicekit.identity import TokenVerifier
from servicekit.service import Runtime
from servicekit.tables import reference, reference_source
from targets.app import create_app
from targets.consumers import REFERENCES

sys.path.insert(0, str(Path(__file__).parent))
from targets_house import BOARD, CITY, ISSUER, KEY, NOW, FixedClock, House, Person, facts, settings

TEMPLATE = "targets_migrated"


async def _prepare(engines: Engines) -> None:
    made = await engines.create_database(TEMPLATE, service="targets")
    await asyncio.to_thread(migrations.upgrade, "targets", made.owner_url)
    database = Database(made.app_url, pool=2)
    async with database.write() as session:
        await session.execute(insert(reference), [fact | {"changed_at": NOW} for fact in facts()])
        await session.execute(insert(reference_source), [{"kind": kind, "complete_at": NOW} for kind in REFERENCES])
    await database.close()


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    running = Engines(services=("targets",)).start_now()
    try:
        asyncio.run(_prepare(running))
        yield running
    finally:
        running.stop_now()


@pytest.fixture
async def made(engines: Engines) -> AsyncIterator[MadeDatabase]:
    """A migrated database of its own."""
    name = f"targets_{uuid.uuid4().hex[:10]}"
    yield await engines.create_database(name, service="targets", template=TEMPLATE)
    await engines.drop_database(name)


@pytest.fixture
async def database(made: MadeDatabase) -> AsyncIterator[Database]:
    opened = Database(made.app_url, pool=4)
    yield opened
    await opened.close()


@asynccontextmanager
async def running(made: MadeDatabase, engines: Engines, *, worker: bool) -> AsyncIterator[House]:
    app = create_app(settings(made, engines, worker=worker))
    runtime: Runtime = app.state.runtime

    async def keys() -> dict[str, Any]:
        return {"keys": [KEY.as_dict(private=False)]}

    runtime.verifier = TokenVerifier(keys, issuer=ISSUER)
    clock = FixedClock()
    runtime.clock = clock
    async with app.router.lifespan_context(app):
        await runtime.book.refresh()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield House(app, client, clock, runtime)


@pytest.fixture
async def house(made: MadeDatabase, engines: Engines) -> AsyncIterator[House]:
    """The application without its worker."""
    async with running(made, engines, worker=False) as opened:
        yield opened


@pytest.fixture
async def busy_house(made: MadeDatabase, engines: Engines) -> AsyncIterator[House]:
    """The application with its worker inside, on empty streams."""
    await engines.purge_streams()
    async with running(made, engines, worker=True) as opened:
        yield opened


@pytest.fixture
def monitor(house: House) -> Person:
    return house.person(("monitoring_officer", BOARD))


@pytest.fixture
def operator(house: House) -> Person:
    """Enters for every commune from the city."""
    return house.person(("reporter", CITY))


@pytest.fixture
def verifier(house: House) -> Person:
    return house.person(("verifier", CITY))


@pytest.fixture
def approver(house: House) -> Person:
    return house.person(("approver", BOARD))


@pytest.fixture
def period(monitor: Person) -> Callable[..., Any]:
    async def open_(code: str = "TGT-01", period: str = "2025") -> dict[str, Any]:
        answer = await monitor.post("/periods", {"indicator_code": code, "period": period})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body | {"etag": answer.headers["etag"]}

    return open_
