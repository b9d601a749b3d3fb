"""Real engines, a migrated template, and the application with tokens of a key of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.databases import Database as MadeDatabase
from devstack.engines import Engines
from devstack.testing import fresh_database, migrated_engines, tell_complete, tell_facts
from servicekit.db import Database
from servicekit.service import Runtime
from targets.app import create_app
from targets.consumers import REFERENCES

sys.path.insert(0, str(Path(__file__).parent))
from reporting_house import Staff, staff_of
from targets_house import BOARD, CITY, ISSUER, NOW, FixedClock, House, Person, facts, settings


async def _fill(template: MadeDatabase) -> None:
    database = Database(template.app_url, pool=2)
    async with database.write() as session:
        await tell_facts(session, facts(), NOW)
        await tell_complete(session, REFERENCES, NOW)
    await database.close()


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with migrated_engines("targets", services=("targets",)) as running:
        asyncio.run(_fill(running.databases["targets_migrated"]))
        yield running


@pytest.fixture
async def made(engines: Engines) -> AsyncIterator[MadeDatabase]:
    """A migrated database of its own."""
    async with fresh_database(engines, "targets") as own:
        yield own


@pytest.fixture
async def database(made: MadeDatabase) -> AsyncIterator[Database]:
    opened = Database(made.app_url, pool=4)
    yield opened
    await opened.close()


@asynccontextmanager
async def running(made: MadeDatabase, engines: Engines, *, worker: bool) -> AsyncIterator[House]:
    app = create_app(settings(made, engines, worker=worker))
    runtime: Runtime = app.state.runtime
    runtime.verifier = ISSUER.verifier()
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


@pytest.fixture
def staff(house: House) -> Staff:
    """Everybody who takes part in a form, each with one role."""
    return staff_of(house)
