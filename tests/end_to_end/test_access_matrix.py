"""Every operation, called through the gateway by every role from every relation, answers as docs/access.csv says.

The second half takes one check away from the running code of each service, in a process of the test's own beside the
stack's, and shows that the same comparison finds it; where there are two walls, that each holds alone.
"""

import importlib
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import Request
from fastapi.dependencies.models import Dependant
from sqlalchemy import true

from devstack.access.calls import Operation, call_of
from devstack.access.comparing import compare, shown
from devstack.access.scene import Scene
from devstack.access.table import read_table
from devstack.access.tokens import Minter
from devstack.demo.client import Client
from devstack.demo.people import city_organisation, join
from devstack.stack import Stack
from servicekit.errors import Unauthenticated
from servicekit.identity import authenticate
from servicekit.web import running

pytestmark = pytest.mark.timeout(900)
Patch = pytest.MonkeyPatch
_NAMED = ("organisation_id", "day", "year", "code", "key", "period")
"""Parameters of paths that are no id of the scene."""


async def test_every_cell_answers_as_the_reviewed_table_says(
    scene: Scene, known: dict[str, Operation], raw: httpx.AsyncClient
) -> None:
    cells = list(read_table().cells())
    seed = random.randrange(10_000)
    random.Random(seed).shuffle(cells)  # no cell may count on another
    began = time.monotonic()
    differences = await compare(cells, known, scene, raw)
    print(f"{len(cells)} cells in {time.monotonic() - began:.0f} s, order {seed}")
    assert len(cells) > 5_000
    assert not differences, (
        f"{len(differences)} of {len(cells)} cells differ (order {seed}):\n{shown(differences[:200])}"
    )


async def test_a_role_got_by_really_signing_in_counts_the_same(scene: Scene, nobody: Client) -> None:
    city, commune = scene.place("front", "parent"), scene.place("front", "own")
    admin = scene.acting("administrator", city, "administrator")
    account = {
        "username": f"that.{secrets.token_hex(4)}",
        "name": "Người thật",
        "organisation_id": commune,
        "roles": [{"role": "front_officer", "organisation_id": commune}],
    }
    officer = await join(nobody, admin, account, "officer")
    assert (await officer.get(f"/feedback/submissions/{scene.ids['submission_id']}"))["id"]
    await officer.refused("GET", "/registry/accounts", 403)
    board = await city_organisation(nobody, "mass_mobilisation_board")
    assert (await officer.get("/registry/me"))["grants"][0]["organisation_id"] == commune != board


async def test_a_token_of_another_installation_opens_nothing(
    house: Stack, scene: Scene, known: dict[str, Operation], raw: httpx.AsyncClient
) -> None:
    elsewhere = Minter(house, ())
    elsewhere._issuer = "nhipcau/elsewhere"
    place = scene.place("front", "own")
    token = elsewhere.token("front_officer", place, subject=scene.accounts[place], kind="person")
    for one in known.values():
        if one.access != "public":
            path = call_of(one, scene, "front").path
            response = await raw.request(one.method, path, headers={"Authorization": f"Bearer {token}"})
            assert response.status_code == 401, one.id


@asynccontextmanager
async def beside(house: Stack, service: str, patch: Patch) -> AsyncIterator[httpx.AsyncClient]:
    """One more process of a service on the stack's own database, inside the test."""
    for name, value in house.environment(service).items():
        patch.setenv(name, value)
    patch.setenv("EMBED_WORKER", "false")
    app = importlib.import_module(f"{service}.app").create_app()
    async with running(app.state.runtime, with_worker=False):
        await app.state.runtime.book.refresh()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{service}") as client:
            yield client


def without_role_check(patch: Patch, operation: str) -> None:
    """Take `allow(…)` away from one route: any valid token passes."""
    service, _, name = operation.partition(".")
    routers = importlib.import_module(f"{service}.app").SERVICE.routers
    [route] = [route for router in routers for route in router.routes if route.name == name]

    async def anybody(request: Request) -> Any:
        actor = await authenticate(request)
        if actor is None:
            raise Unauthenticated
        return actor

    for dependant in _below(route.dependant):
        if getattr(dependant.call, "access", None):
            patch.setattr(dependant, "call", anybody)


def _below(dependant: Dependant) -> list[Dependant]:
    return [one for child in dependant.dependencies for one in (child, *_below(child))]


def nothing(*_: Any, **__: Any) -> None:
    """Check nothing."""


def everything(*_: Any, **__: Any) -> Any:
    """The condition that holds for every row."""
    return true()


ROLE_CHECKS = (
    "registry.list_accounts",
    "targets.list_reports",
    "feedback.classify_submission",
    "oversight.get_case",
    "webhooks.one_endpoint",
)
FILTERS = (
    ("registry.read_account", "registry.queries.administering.administered_by"),
    ("targets.read_report", "targets.queries.reports.sees"),
    ("targets.submit_report", "targets.queries.reports.sees"),
    ("oversight.get_case", "oversight.queries.cases.within"),
    ("webhooks.one_endpoint", "webhooks.queries.within"),
)
"""Conditions in statements: the first wall before rows; row-level security is the second."""
STEPS = (
    ("feedback.classify_submission", "feedback.actions.classify.permit"),
    ("oversight.post_plan", "oversight.actions.plan_case.permit"),
)
"""Checks of who may take a step on what is seen."""


@asynccontextmanager
async def without_row_security(house: Stack, service: str) -> AsyncIterator[None]:
    """Take the second wall of a service's database down for a while."""
    connection = await asyncpg.connect(house.dsn(service, "owner"))
    protected = "SELECT oid::regclass::text AS name FROM pg_class WHERE relrowsecurity AND relkind = 'r'"
    tables = [row["name"] for row in await connection.fetch(protected)]
    assert tables
    try:
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        yield
    finally:
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        await connection.close()


@pytest.mark.parametrize("operation", ROLE_CHECKS)
async def test_a_route_without_its_role_check_is_found(
    house: Stack, scene: Scene, known: dict[str, Operation], monkeypatch: Patch, operation: str
) -> None:
    cells = list(read_table().cells(operation))
    async with beside(house, operation.partition(".")[0], monkeypatch) as client:
        assert await compare(cells, known, scene, client) == []
        without_role_check(monkeypatch, operation)
        found = await compare(cells, known, scene, client)
    assert found, f"{operation} without its role check looks like one with it"
    assert {difference.cell.expected for difference in found} == {"403"}, shown(found)


@pytest.mark.parametrize(("operation", "check"), STEPS)
async def test_a_step_without_its_check_is_found(
    house: Stack, scene: Scene, known: dict[str, Operation], monkeypatch: Patch, operation: str, check: str
) -> None:
    cells = list(read_table().cells(operation))
    async with beside(house, operation.partition(".")[0], monkeypatch) as client:
        assert await compare(cells, known, scene, client) == []
        monkeypatch.setattr(check, nothing)
        found = await compare(cells, known, scene, client)
    assert found, f"{operation} without {check} looks like one with it"
    assert {difference.cell.expected for difference in found} <= {"403", "404"}, shown(found)


@pytest.mark.parametrize(("operation", "check"), FILTERS)
async def test_either_wall_holds_alone_and_without_both_it_is_found(
    house: Stack, scene: Scene, known: dict[str, Operation], monkeypatch: Patch, operation: str, check: str
) -> None:
    """Reliability O5: a filter that was forgotten shows nothing, because the database refuses the rows too."""
    service, cells = operation.partition(".")[0], list(read_table().cells(operation))
    async with beside(house, service, monkeypatch) as client:
        async with without_row_security(house, service):
            assert await compare(cells, known, scene, client) == []
        monkeypatch.setattr(check, everything)
        assert await compare(cells, known, scene, client) == []
        async with without_row_security(house, service):
            found = await compare(cells, known, scene, client)
    assert found, f"{operation} without {check} and without row-level security looks like one with them"
    assert {difference.cell.expected for difference in found} <= {"403", "404"}, shown(found)
